"""The page Fine-tune under AppTest: a draft from rows to Start, what is refused, a run and its end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.errors import Conflict
from core.settings import get_settings
from core.store import jobs as job_store
from core.store.runs import new_id
from core.tuning import looking, merging, places, start
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest
from core.tuning.settings import TuneSettings
from pages.shared.session import MODEL
from pages.shared.tuning import draft, uploads
from pages.shared.tuning.session import RUN
from tests.pages.document_pages import HOSTILE, IMAGE, LINK, live_in_markdown

ROOT = Path(__file__).parents[2]
ROWS = [{"text": f"The lens bends light {number}", "label": "abc"[number % 3]} for number in range(24)]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    looking.forget()


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "lens.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return file


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[TuneRequest]:
    """Requests that were started; nothing is trained."""
    found: list[TuneRequest] = []

    def begin(request: TuneRequest, *, looked: bool) -> str:
        assert looked
        found.append(request)
        return stored(request, status="queued")

    monkeypatch.setattr(start, "start", begin)
    return found


def stored(request: TuneRequest, *, status: Any = "finished", result: dict[str, Any] | None = None) -> str:
    job, now = new_id(), job_store.datetime.now(job_store.UTC)
    job_store.create(
        job_store.JobRow(
            id=job,
            kind="tune",
            title=f"{METHODS[request.method].title} of {request.model}: {request.name}",
            status=status,
            created_at=now,
            updated_at=now,
            ended_at=None if status == "queued" else now,
            request=request.model_dump_json(),
            result=json.dumps(result or {}),
        )
    )
    return job


def page(model: Path, *, data: Path | None = None, **query: str) -> AppTest:
    """The page, with a model and rows chosen."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state[draft.MODEL] = f"path:{model}"
    if data is not None:
        app.session_state[draft.DATA] = str(data)
    app.run()
    app.switch_page("pages/models/tune.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def looked(app: AppTest) -> AppTest:
    """The page once the draft has been looked at."""
    deadline = time.monotonic() + 120
    while any("Reading the rows" in each.value for each in app.caption):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.caption, *app.error, *app.warning))


def test_an_empty_page_offers_the_example_and_starts_nothing(tiny_model: Path) -> None:
    app = page(tiny_model)
    assert "80 support tickets" in texts(app)
    assert not [each for each in app.button if each.key == "tune_start_button"]
    assert len((ROOT / "prompts/tuning/support-tickets.jsonl").read_text().splitlines()) == 80


def test_a_draft_shows_what_it_would_do_and_starts(tiny_model: Path, rows: Path, started: list[TuneRequest]) -> None:
    app = looked(page(tiny_model, data=rows))
    said = texts(app)
    assert "seen as text-label" in said
    assert "**22 rows** to train on · 2 held out · 3 labels" in said
    assert "numbers are trained" in said
    assert "**Memory:" in said
    assert "**The first batch**" in said
    button = app.button(key="tune_start_button")
    assert not button.disabled
    button.click().run()
    looked(app)
    [request] = started
    assert (request.method, request.name, request.data) == ("lora", "lens-lora", str(rows))
    assert request.settings == TuneSettings(**METHODS["lora"].preset)
    assert app.query_params[RUN]


def test_every_method_brings_its_preset_and_its_fields(tiny_model: Path) -> None:
    app = page(tiny_model)
    for name, method in METHODS.items():
        app.button_group(key=draft.METHOD).set_value(name).run()
        assert not app.exception
        said = texts(app)
        assert method.trains in said
        assert method.when in said
        for field, value in method.preset.items():
            assert app.session_state[draft.field(field)] == value, (name, field)
        shown = {each.key for kind in ("number_input", "selectbox", "toggle", "text_input") for each in app.get(kind)}
        assert {draft.field(each) for each in method.options} <= shown


def test_a_changed_setting_is_kept_and_can_be_taken_back(tiny_model: Path) -> None:
    app = page(tiny_model)
    app.number_input(key=draft.field("rank")).set_value(4).run()
    assert app.session_state[draft.field("rank")] == 4
    app.button(key="tune_preset").click().run()
    assert app.session_state[draft.field("rank")] == 16


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "holds no rows"),
        ('{"text": "a", "label": "x"}\n', "needs at least two"),
        ('{"text": "a", "label": "x"}\n{"text": "b"}\n', "row 2: There is no 'label'"),
        ('{"a": 1}\n', "no known format"),
    ],
)
def test_rows_that_cannot_be_used_are_one_sentence(tiny_model: Path, tmp_path: Path, content: str, match: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content)
    app = looked(page(tiny_model, data=file))
    assert match in texts(app).replace("\\", "")
    assert app.button(key="tune_start_button").disabled


def test_columns_of_other_names_are_named_on_the_page(
    tiny_model: Path, tmp_path: Path, started: list[TuneRequest]
) -> None:
    file = tmp_path / "fragen.csv"
    file.write_text("Frage,Antwort\n" + "".join(f"Was ist {n}?,Das ist {n}.\n" for n in range(24)))
    app = looked(page(tiny_model, data=file))
    assert "no known format" in texts(app)
    assert not [each for each in app.selectbox if str(each.key).startswith("tune_column_")]
    app.selectbox(key=draft.FORMAT).select("prompt-completion").run()
    assert texts(looked(app)).count("say which column is what") == 1
    app.selectbox(key=draft.column("prompt")).select("Frage").run()
    app.selectbox(key=draft.column("answer")).select("Antwort").run()
    assert "prompt from 'Frage', answer from 'Antwort'" in texts(looked(app))
    app.button(key="tune_start_button").click().run()
    looked(app)
    [request] = started
    assert request.columns == {"prompt": "Frage", "answer": "Antwort"}
    assert "--column prompt=Frage" in " ".join(request.command())


def test_columns_belong_to_the_file_they_were_named_for(tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "lens.jsonl"
    file.write_text(
        "".join(json.dumps({"text": f"a {n}", "title": f"b {n}", "label": "xy"[n % 2]}) + "\n" for n in range(24))
    )
    app = looked(page(tiny_model, data=file))
    assert app.selectbox(key=draft.column("text")).placeholder == "text"
    app.selectbox(key=draft.column("text")).select("title").run()
    assert "text from 'title'" in texts(looked(app))
    app.segmented_control(key=draft.SOURCE).set_value("example").run()
    looked(app)
    assert not app.error
    assert app.selectbox(key=draft.column("text")).value is None


def test_a_name_that_is_taken_or_wicked_cannot_be_started(tiny_model: Path, rows: Path) -> None:
    app = looked(page(tiny_model, data=rows))
    (get_settings().home / "adapters" / "taken").mkdir(parents=True)
    app.text_input(key=draft.NAME).set_value("taken").run()
    looked(app)
    assert app.button(key="tune_start_button").disabled
    assert "already something named taken" in texts(app).replace("\\", "")
    app.text_input(key=draft.NAME).set_value("../x").run()
    assert "name" in texts(app)
    assert not [each for each in app.button if each.key == "tune_start_button" and not each.disabled]


@pytest.fixture(autouse=True)
def _metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    now = job_store.datetime.now(job_store.UTC)
    told = [
        job_store.MetricRow(id=step, name=name, step=step, value=1.0 / step, at=now)
        for name in ("loss", "tokens/s")
        for step in range(1, 9)
    ]
    monkeypatch.setattr(jobs, "metrics", lambda job_id, after=0: told)


def finished(rows: Path, model: Path, hostile: str = "fine") -> str:
    request = TuneRequest.parse(method="lora", model=f"path:{model}", data=str(rows), name="lens")
    score = {"score": 0.25, "ci95": [0.1, 0.5]}
    row = {
        "number": 1,
        "question": hostile,
        "target": "a",
        "base": hostile,
        "tuned": "a",
        "base_score": 0.0,
        "tuned_score": 1.0,
        "base_loss": 2.0,
        "tuned_loss": 0.1,
    }
    found = {
        "n": 20,
        "scored": 20,
        "metric": "accuracy",
        "base": score,
        "tuned": {"score": 0.9, "ci95": [0.7, 0.97]},
        "sentence": "The tuned model is better.",
        "best": [row],
        "worst": [row],
        "loss": {"base": 2.0, "tuned": 0.1, "difference": 1.9, "ci95": [1.5, 2.2]},
    }
    job = stored(
        request,
        result={
            "ref": f"path:{model}+lens",
            "adapter": "lens",
            "path": str(get_settings().home / "adapters" / "lens"),
            "trainable_parameters": 100,
            "total_parameters": 1000,
            "steps": 15,
            "peak_memory_bytes": 2**30,
            "estimated_memory_bytes": 2**30,
            "tokens_per_s": 500.0,
        },
    )
    (places.run_folder(job) / "comparison.json").write_text(json.dumps(found))
    sample = {"step": 5, "number": 3, "target": "b", "answer": hostile}
    (places.run_folder(job) / "samples.jsonl").write_text(json.dumps(sample) + "\n")
    return job


def test_a_finished_run_shows_base_against_tuned(tiny_model: Path, rows: Path) -> None:
    app = page(tiny_model, **{RUN: finished(rows, tiny_model)})
    said = texts(app).replace("\\", "")
    assert "base **25.0% (10.0%–50.0%)**" in said
    assert "tuned **90.0% (70.0%–97.0%)**" in said
    assert "The tuned model is better." in said
    assert "peak of memory 1.00 GiB, estimated 1.00 GiB" in said
    assert "Step 8: loss **0.125**" in said
    app.button(key="tune_again").click().run()
    assert not app.exception
    assert RUN not in app.query_params
    assert app.session_state[draft.DATA] == str(rows)


def test_the_tuned_model_is_tried_in_the_playground(tiny_model: Path, rows: Path) -> None:
    app = page(tiny_model, **{RUN: finished(rows, tiny_model)})
    app.button(key="tune_try_button").click().run()
    assert app.session_state[MODEL] == f"path:{tiny_model}+lens"


def test_the_adapter_is_merged_from_its_page(tiny_model: Path, rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def start(ref: str, name: str) -> str:
        asked.append((ref, name))
        if name == "taken":
            raise Conflict("taken exists already, and nothing is written over; choose another name.")
        return jobs_of_another_kind()

    monkeypatch.setattr(merging, "start", start)
    app = page(tiny_model, **{RUN: finished(rows, tiny_model)})
    app.session_state["tune_files"] = True
    app.run()
    assert any(each.value.endswith("adapters/lens") for each in app.code)
    app.button(key="tune_merge").click().run()
    assert asked == [(f"path:{tiny_model}+lens", "lens-merged")]
    app.text_input(key="tune_merge_name").set_value("taken").run()
    app.button(key="tune_merge").click().run()
    assert "nothing is written over" in texts(app)


def test_a_link_to_no_run_is_one_sentence(tiny_model: Path) -> None:
    app = page(tiny_model, **{RUN: "0" * 20})
    assert app.error
    other = page(tiny_model, **{RUN: jobs_of_another_kind()})
    assert "no fine-tuning run" in other.error[0].value.replace("\\", "")


def jobs_of_another_kind() -> str:
    job, now = new_id(), job_store.datetime.now(job_store.UTC)
    job_store.create(
        job_store.JobRow(
            id=job,
            kind="ingest",
            title="t",
            status="finished",
            created_at=now,
            updated_at=now,
            request="{}",
            result="{}",
        )
    )
    return job


def test_a_run_of_another_version_is_shown_as_far_as_it_goes(tiny_model: Path, rows: Path) -> None:
    job = finished(rows, tiny_model)
    wrong = json.loads(job_store.get(job).request) | {"newer": True}
    job_store.change(job, was=["finished"], request=json.dumps(wrong))
    app = page(tiny_model, **{RUN: job})
    assert "another version of Loupe" in texts(app)
    assert "tuned **90.0% (70.0%–97.0%)**" in texts(app).replace("\\", "")


def test_texts_of_others_are_shown_as_they_are(tiny_model: Path, rows: Path) -> None:
    app = page(tiny_model, **{RUN: finished(rows, tiny_model, HOSTILE)})
    sent = [each.value for kind in (app.markdown, app.caption, app.error, app.warning) for each in kind]
    assert not live_in_markdown(sent, IMAGE)
    assert not live_in_markdown(sent, LINK)


class Sent:
    """What a browser sends."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self._content = content

    def getbuffer(self) -> memoryview:
        return memoryview(self._content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("rows.jsonl", "rows.jsonl"),
        ("../../x.csv", "x.csv"),
        ("$(touch x).csv", "touch-x-.csv"),
        (".hidden.jsonl", "hidden.jsonl"),
        ("…", "rows.jsonl"),
        ("a" * 300 + ".csv", "a" * 76 + ".csv"),
    ],
)
def test_an_upload_lies_under_a_plain_name(name: str, kept: str) -> None:
    path = uploads.keep(Sent(name, b"content"))
    assert path.name == kept
    assert path.read_bytes() == b"content"
    assert path.is_relative_to(get_settings().home / "training")
    assert uploads.keep(Sent(name, b"content")) == path
    assert uploads.keep(Sent(name, b"other")) != path
