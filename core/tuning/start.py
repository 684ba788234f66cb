"""Fine-tuning runs are checked, started and found here: by the page Fine-tune, by `loupe tune`, by tests.

Everything that can be wrong is said before a worker starts. Knows nothing of how training works.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import jobs
from core.jobs import JobView
from core.models.reference import parse_ref
from core.tuning import places
from core.tuning.base import find_base
from core.tuning.counting import Counted, count
from core.tuning.data import PreviewToken, Tokens, open_tokens, preview, preview_classes, preview_pairs
from core.tuning.estimating import Estimate, estimate
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest
from core.tuning.training import session

KIND = places.KIND


@dataclass(frozen=True, slots=True)
class Checked:
    """What a person should see before the start.

    Attributes:
        format: what the rows were taken for.
        rows, held_out: how many are trained on and how many are not.
        steps: updates of the run.
        trained_tokens: targets of the loss in one epoch.
        counted: numbers that are trained, and all.
        estimate: memory by term.
        first_batch: the first batch, token by token, with the wrong labels that T-Few's losses add.
        problems: sentences about rows that were cut or left out.
    """

    format: str
    rows: int
    held_out: int
    steps: int
    trained_tokens: int
    labels: tuple[str, ...]
    counted: Counted
    estimate: Estimate
    first_batch: list[list[PreviewToken]]
    problems: tuple[str, ...]


def check(request: TuneRequest) -> Checked:
    """Look at everything before the start.

    Raises:
        LoupeError: the run cannot be; one sentence.
    """
    places.result_folder(request)
    request = _with_whole_paths(request)
    settings = request.settings
    with open_tokens(request.model) as tokens:
        data = session.prepare_data(request, tokens)
        first = _first_batch(request, data, tokens)
        trained = sum(sum(each.trained) for each in data.encoded) if data.base.task == "causal" else 0
    return Checked(
        format=data.train.format,
        rows=len(data.encoded),
        held_out=len(data.held_out.examples) if data.held_out else 0,
        steps=len(data.plan) // (settings.accumulate * settings.processes),
        trained_tokens=trained,
        labels=data.train.labels,
        counted=count(request.model, request.method, settings),
        estimate=estimate(data.base, request.method, settings, data.largest(settings)),
        first_batch=first,
        problems=data.problems,
    )


def _first_batch(request: TuneRequest, data: session.Prepared, tokens: Tokens) -> list[list[PreviewToken]]:
    batch = [data.encoded[row] for row in data.plan[0]]
    if data.base.task == "seq2seq":
        return preview_pairs(batch, tokens)
    if data.base.task == "classification":
        return preview_classes(batch, tokens, data.train.labels)
    if session.uses_t_few(request, data):
        wrong = session.wrong_rows(request, data, tokens)
        batch = [each for row in batch for each in (row, *wrong(row))]
    return preview(batch, tokens, pack_to=request.settings.max_length if request.settings.batching == "pack" else None)


def start(request: TuneRequest, *, looked: bool = False) -> str:
    """Check what is quickly checked, then have the run done by a job; the job's id.

    Args:
        request: the run.
        looked: whether `check` has just found nothing wrong, so that the rows need not be read here once more.

    Raises:
        LoupeError: model, method, name or data cannot be used; one sentence.
    """
    places.result_folder(request)
    base = find_base(request.model)
    request = _with_whole_paths(request)
    if not looked:
        with open_tokens(request.model) as tokens:
            session.prepare_data(request, tokens)
    title = f"{METHODS[request.method].title} of {base.ref}: {request.name}"
    return jobs.start(KIND, title, request.model_dump(mode="json"), accelerator=True)


def _with_whole_paths(request: TuneRequest) -> TuneRequest:
    """A worker may stand in another folder."""
    whole = {name: str(Path(value).expanduser().resolve()) for name in ("data", "eval_data")
             if (value := getattr(request, name))}  # fmt: skip
    return request.model_copy(update=whole | {"model": str(parse_ref(request.model))})


def runs(limit: int = 50) -> list[JobView]:
    """Fine-tuning runs, the latest first."""
    return jobs.list_jobs(kind=KIND, limit=limit)


def request_of(job: JobView) -> TuneRequest:
    """What a run was asked for."""
    return TuneRequest.model_validate(job.request)


def comparison(job_id: str) -> dict[str, Any]:
    """Base against tuned of a run, with its best and worst rows; `{}` before there is one."""
    return _read(places.run_folder(job_id) / "comparison.json") or {}


def samples(job_id: str) -> list[dict[str, Any]]:
    """Answers during training: step, number of the row, target, answer."""
    try:
        lines = (places.run_folder(job_id) / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = {}
    for line in lines:
        try:
            each = json.loads(line)
        except ValueError:  # the last line of a process that was killed
            continue
        found[each["step"], each["number"]] = each  # a resumed run says some again
    return [found[key] for key in sorted(found)]


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
