"""What tests of the page Compress share: the page under AppTest, a model, jobs that are stored or really run.

Jobs are run in the test's own process, or stored as if they had been; no worker is started.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.compression import job
from core.jobs import JobContext, processes
from core.models.registry import local_dir
from core.store import jobs as job_store
from core.store.runs import new_id
from pages.shared import model_picker
from pages.shared.compression import draft

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def fresh() -> None:
    """No list of models from an earlier test."""
    model_picker._models.clear()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Requests of jobs that were started; they wait for ever."""
    found: list[dict[str, Any]] = []

    def begin(kind: str, title: str, request: dict[str, Any], *, accelerator: bool = False) -> str:
        found.append(request)
        return stored(kind, request, status="queued")

    monkeypatch.setattr(jobs, "start", begin)
    return found


@pytest.fixture
def model(tiny_model: Path) -> Path:
    """The tiny model among the local ones."""
    folder = local_dir() / "tiny"
    shutil.copytree(tiny_model, folder)
    return folder


def stored(kind: str, request: dict[str, Any], *, status: Any = "finished", result: Any = None) -> str:
    name, now = new_id(), job_store.datetime.now(job_store.UTC)
    job_store.create(
        job_store.JobRow(
            id=name,
            kind=kind,
            title=f"{kind} {request.get('name', '')}",
            status=status,
            worker=processes.this_process("starter") if status == "queued" else None,
            created_at=now,
            updated_at=now,
            ended_at=None if status == "queued" else now,
            request=json.dumps(request),
            result=json.dumps(result or {}),
        )
    )
    return name


def compressed(folder: Path, method: str, name: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Id and result of a compression that was really done."""
    request = {"method": method, "model": f"path:{folder}", "name": name, **settings}
    result = job.run(request, JobContext("test"))
    return stored("compress", request, result=result), result


def page(model: Path | str, *, state: dict[str, Any] | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state[draft.MODEL] = model if isinstance(model, str) else f"path:{model}"
    for name, value in (state or {}).items():
        app.session_state[name] = value
    app.run()
    app.switch_page("pages/models/compress.py")
    for name, value in query.items():
        app.query_params[name] = value
    return drawn(app)


def drawn(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return drawn(app)


def texts(app: AppTest) -> str:
    found = (*app.markdown, *app.caption, *app.error, *app.warning, *app.info)
    return "\n".join(each.value.replace("\\", "") for each in found)


def with_method(app: AppTest, method: str, **settings: Any) -> AppTest:
    app.get_by_key(draft.METHOD).set_value(method)
    drawn(app)
    for name, value in settings.items():
        app.get_by_key(draft.field(name)).set_value(value)
        drawn(app)
    return app


def keys(app: AppTest) -> set[str]:
    return {str(key).removeprefix("compress_set_") for key in draft.FIELDS if has(app, draft.field(str(key)))}


def has(app: AppTest, key: str) -> bool:
    try:
        app.get_by_key(key)
    except KeyError:
        return False
    return True
