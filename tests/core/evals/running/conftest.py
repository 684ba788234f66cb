"""What tests of running evals share: small files, a scripted model, and a job that is run right here."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import LoupeError
from core.evals.assertion import Assertion
from core.evals.eval_file import DataSource, EvalFile
from core.evals.output import Output
from core.evals.row import Row
from core.evals.running import job, start
from core.evals.variant import Request, Variant
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.jobs import JobCancelled, JobContext, processes
from core.prompts.file import PromptMessage
from core.store import evals as store
from core.store import jobs
from core.store.evals import CellRecord, EvalRecord
from core.store.runs import new_id


def variant(name: str = "plain", prompt: str = "Q: {{question}}", model: str = "smollm2", **fields: Any) -> Variant:
    """A variant; what is no field of its own is a sampling parameter."""
    own = {key: fields.pop(key) for key in list(fields) if key in Variant.model_fields}
    params = SamplingParams.parse(**({"temperature": 0, "max_tokens": 8} | fields))
    messages = (PromptMessage(role="user", content=prompt),)
    return Variant.parse(name=name, model=model, messages=messages, params=params, **own)


def questions(values: Sequence[str], **fields: Any) -> tuple[Row, ...]:
    """A row a question; every answer must hold the question's last letter."""
    return tuple(
        Row(number=place, vars={"question": each}, assertions=(Assertion(type="contains", value=each[-1]),), **fields)
        for place, each in enumerate(values, start=1)
    )


def eval_file(rows: Sequence[str] | int = 3, *variants: Variant, **fields: Any) -> EvalFile:
    """An eval over questions."""
    asked = [f"number {each}" for each in range(rows)] if isinstance(rows, int) else rows
    data = fields.pop("data", None) or DataSource(rows=questions(asked))
    return EvalFile(variants=variants or (variant(),), data=data, **fields)


class Script:
    """Instead of models: `answer` says what comes of a request, or raises."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.most = 0
        self.gone: set[str] = set()
        """Models that cannot be loaded."""
        self.answer: Callable[[Request], str] = text_of
        self.seconds = 0.0
        self._now = 0
        self._lock = threading.Lock()

    def attempt(self, request: Request, cancel: threading.Event | None = None) -> tuple[Output, LoupeError | None]:
        with self._lock:
            self.asked.append(request)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            if self.seconds:
                time.sleep(self.seconds)
            return Output(text=self.answer(request), completion_tokens=3, seconds=0.5), None
        except LoupeError as error:
            return Output(error=str(error), text="half"), error
        finally:
            with self._lock:
                self._now -= 1

    @contextlib.contextmanager
    def lease(self, model: str, cancel: threading.Event | None = None) -> Iterator[None]:
        if model in self.gone:
            raise LoupeError(f"{model} is gone.")
        yield

    @property
    def texts(self) -> list[str]:
        """What was asked, in words."""
        return [text_of(each) for each in self.asked]


def text_of(request: Request) -> str:
    """The question as the model sees it."""
    return request.question if not isinstance(request, GenerationRequest) else request.chat[-1]["content"]


@pytest.fixture
def script(models: Script, monkeypatch: pytest.MonkeyPatch) -> Script:
    """A scripted model, and no worker process: `run` does a job's work."""
    monkeypatch.setattr("core.jobs.start", lambda kind, title, request, **more: "0" * 20)
    return models


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Script:
    """A scripted model instead of all."""
    script = Script()
    monkeypatch.setattr("core.evals.running.calls.attempt", script.attempt)
    monkeypatch.setattr("core.evals.running.calls.get_pool", lambda: script)
    return script


def run(record: EvalRecord, context: JobContext | None = None) -> dict[str, Any]:
    """The eval's job, here and now."""
    return job.run({"eval": record.id}, context or JobContext("0" * 20))


def done(file: EvalFile, **how: Any) -> tuple[EvalRecord, dict[str, Any]]:
    """An eval of this file, and what its job returned."""
    record = start(file, **how)
    return record, run(record)


def cells(record: EvalRecord) -> list[CellRecord]:
    """All cells."""
    return list(store.cells(record.id))


@pytest.fixture
def jobs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done right here before `start` and `resume` return, and end as a worker would leave them."""

    def do(row: jobs.JobRow) -> None:
        context = JobContext(row.id, row.attempt, json.loads(row.result))
        values: dict[str, Any] = {"status": "finished", "started_at": datetime.now(UTC), "worker": None}
        try:
            values["result"] = json.dumps(job.run(json.loads(row.request), context))
        except LoupeError as error:
            values |= {"status": "failed", "error": str(error)}
        except JobCancelled:
            values |= {"status": "cancelled", **context.take().columns}
        jobs.change(row.id, was=["queued"], ended_at=datetime.now(UTC), **values)

    def begin(kind: str, title: str, request: dict[str, Any], *, accelerator: bool = False) -> str:
        now, worker = datetime.now(UTC), processes.this_process("starter")
        about = {"id": new_id(), "kind": kind, "title": title, "request": json.dumps(request)}
        row = jobs.JobRow(**about, created_at=now, updated_at=now, heartbeat_at=now, worker=worker)
        jobs.create(row)
        do(row)
        return row.id

    def resume(job_id: str) -> None:
        row = jobs.get(job_id)
        mine = {"status": "queued", "attempt": row.attempt + 1, "worker": processes.this_process("starter")}
        jobs.change(job_id, was=[row.status], error=None, **mine)
        do(jobs.get(job_id))

    monkeypatch.setattr("core.jobs.start", begin)
    monkeypatch.setattr("core.jobs.resume", resume)
