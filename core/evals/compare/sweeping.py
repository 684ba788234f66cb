"""Sweeps as live runs: started, watched, found again and stopped like any other run, in threads that core owns.

Every output is a run of its own, started as a column is; many are under way at once, so that those on one model share
its batches. One model after another, so that no two must be in memory together. Knows nothing of pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeAlias

from core.errors import LoupeError, NotFound
from core.evals.assertions import Judging, judge, total, unjudged
from core.evals.compare import chunk_sizes, columns
from core.evals.compare.columns import Column
from core.evals.compare.sweep import SAMPLE, TEXT_CHARACTERS, SweepRequest, SweepResult, Taken, missing
from core.evals.output import Output
from core.evals.row import Row
from core.evals.variant import Variant
from core.events import Event, Finished, Progress, Step
from core.live import kind, run
from core.live.runs import LiveRuns
from core.models.loaders import capabilities_of
from core.models.reference import parse_ref
from core.settings import get_settings

KIND = "sweep"
WIDTH = 16
"""Outputs under way at once on a model that decodes them in one batch."""
ALONE = 4
"""The same for an endpoint, or a back end that batches by itself."""
POLL_S = 0.1
LiveRun: TypeAlias = run.LiveRun[SweepRequest, SweepResult]
RunView: TypeAlias = kind.RunView[SweepRequest, SweepResult]


def work(request: SweepRequest, cancel: threading.Event) -> Iterator[Event]:
    """A `Step` of kind "sample" for every output, `Progress` between them, `Finished` at the end.

    Raises:
        LoupeError: the sweep cannot be run at all; what fails for one output is said in that output.
    """
    began = time.perf_counter()
    variants, judging = list(request.variants), Judging(cancel=cancel)
    kept = _earlier(request)
    yield from (_step(each) for each in kept)
    todo = missing(request, kept)
    done, whole = len(kept), len(kept) + len(todo)
    if any(axis.setting == chunk_sizes.NAME for axis in request.axes):
        yield Progress(done, whole, "outputs", note="Cutting the documents anew for every chunk size…")
    with chunk_sizes.cut_anew(request, {cell for cell, _ in todo}, cancel) as cut:
        for cell, collection in cut.items():
            variants[cell] = variants[cell].model_copy(update={"collection": collection})
        yield from _drawn(request, variants, todo, done, whole, judging, began)
    yield Finished(None, 0, None, time.perf_counter() - began)


def _drawn(
    request: SweepRequest,
    variants: list[Variant],
    todo: list[tuple[int, int]],
    done: int,
    whole: int,
    judging: Judging,
    began: float,
) -> Iterator[Event]:
    """The outputs that are still to be drawn, as they come."""
    for model in dict.fromkeys(variants[cell].model for cell, _ in todo):
        places = [place for place in todo if variants[place[0]].model == model]
        pool = ThreadPoolExecutor(_width(model), thread_name_prefix="loupe-sweep")
        try:
            waiting: list[Future[Taken | None]] = [
                pool.submit(_take, request, variants[cell], cell, number, judging) for cell, number in places
            ]
            for future in as_completed(waiting):
                if (taken := future.result()) is None:
                    continue
                done += 1
                yield _step(taken)
                rate = done / (time.perf_counter() - began)
                yield Progress(done, whole, "outputs", rate, (whole - done) / rate)
        except GeneratorExit:  # whoever listened went away: nobody wants the rest
            judging.cancel.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def complete(sweep_id: str) -> LiveRun:
    """Start a sweep that takes over what another one finished and draws what it lacks.

    Raises:
        NotFound: there is no such sweep.
        LoupeError: it cannot be started.
    """
    return start(get(sweep_id).request.model_copy(update={"parent": sweep_id}))


def _earlier(request: SweepRequest) -> list[Taken]:
    if request.parent is None:
        return []
    before = get(request.parent)
    same = before.request.model_copy(update={"parent": request.parent}) == request
    if not same:
        raise NotFound(f"The sweep {request.parent} was another one; nothing of it can be taken over.")
    return [each for each in before.result.samples if each.error is None]


def _take(request: SweepRequest, variant: Variant, cell: int, number: int, judging: Judging) -> Taken | None:
    """One output, scored; `None` when the sweep was stopped before it was whole."""
    if judging.cancel.is_set():
        return None
    try:
        started = columns.begin(variant.request(request.values, number))
        while not started.wait(POLL_S):
            if judging.cancel.is_set():
                started.cancel()
        column = columns.find(started.id)
    except LoupeError as error:
        return Taken(cell=cell, number=number, error=str(error))
    if column.status == "cancelled":
        if judging.cancel.is_set():
            return None
        return _taken(column, cell, number).model_copy(update={"error": "It was stopped."})
    taken = _taken(column, cell, number)
    wanted = request.assertions and taken.error is None
    return _judged(request, variant, taken, column, judging) if wanted else taken


def _taken(column: Column, cell: int, number: int) -> Taken:
    return Taken(
        cell=cell,
        number=number,
        run=column.id,
        text=column.text[:TEXT_CHARACTERS],
        error=column.error or (None if column.status == "finished" else f"The run is {column.status}."),
        seconds=column.total_s or 0.0,
        prompt_tokens=column.prompt_tokens,
        completion_tokens=column.completion_tokens,
        tokens_per_s=column.tokens_per_s,
        cost_usd=column.cost_usd,
    )


def _judged(request: SweepRequest, variant: Variant, taken: Taken, column: Column, judging: Judging) -> Taken:
    """With what the assertions say of the whole output, of which `taken` may hold the beginning alone."""
    values = {**request.values, **({"expected": request.expected} if request.expected else {})}
    output = Output(
        text=column.text,
        prompt=column.prompt,
        finish_reason=column.finish_reason,
        ttft_s=column.ttft_s,
        prompt_tokens=taken.prompt_tokens,
        completion_tokens=taken.completion_tokens,
        seconds=taken.seconds,
        cost_usd=taken.cost_usd,
    )
    verdicts = judge(Row(number=1, vars=values), variant, output, judging, request.assertions)
    if why := unjudged(verdicts):
        return taken.model_copy(update={"unjudged": why})
    passed, score = total(verdicts)
    told = next((each for each in verdicts if not each.passed), verdicts[0] if verdicts else None)
    return taken.model_copy(update={"passed": passed, "score": score, "reason": told.reason if told else ""})


def _width(model: str) -> int:
    """How many outputs of a model are under way at once."""
    try:
        batches = capabilities_of(parse_ref(model)).batch and not model.startswith("api:")
    except LoupeError:
        batches = False
    return min(WIDTH, get_settings().max_batch) if batches else ALONE


def _step(taken: Taken) -> Step:
    return Step(SAMPLE, "", taken.model_dump(mode="json"))


_runs = LiveRuns(
    kind.Kind(
        name=KIND,
        title="a sweep",
        request=SweepRequest,
        result=SweepResult,
        begin=lambda request: SweepResult(),
        events=work,
        cost_usd=lambda model, result: _cost(result),
    )
)
start, get, cancel, forget = _runs.start, _runs.get, _runs.cancel, _runs.forget


def _cost(result: SweepResult) -> float | None:
    costs = [each.cost_usd for each in result.samples if each.cost_usd is not None]
    return sum(costs) if costs else None
