"""From an output to cells: what the assertions of each row say of it, ready to be stored.

Knows nothing of threads, of where outputs come from or of the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import LoupeError
from core.evals.assertion import Verdict
from core.evals.assertions import Case, Judging, judge, prepare, total, unjudged
from core.evals.output import Output
from core.evals.running.calls import Calls
from core.evals.running.keys import failed_key
from core.evals.running.matrix import Place, Task
from core.evals.variant import Variant
from core.log import get_log
from core.store.evals import CellRecord, OutputRecord

UNEXPECTED = "Something went wrong inside Loupe here; the log of the job says what."


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task."""

    key: str
    cells: list[CellRecord]
    """None where it was stopped."""
    output: OutputRecord | None
    """A new one that is to be kept."""
    called: bool


class Judge:
    """Works on tasks; may be called from any thread."""

    def __init__(self, eval_id: str, variants: tuple[Variant, ...], calls: Calls, judging: Judging) -> None:
        self._eval, self._variants = eval_id, variants
        self._calls, self._judging = calls, judging

    def __call__(self, task: Task) -> Done:
        """Ask if need be, judge, and say what is to be stored; never raises for what a row or an output holds."""
        called = task.request is not None
        try:
            output = self._output(task)
            if output.error is not None and self._judging.cancel.is_set():
                return Done(task.key, [], None, called)
            return self._done(task, output, called)
        except Exception as error:  # a run of ten thousand cells must not end at one odd output
            get_log().exception("evals: a cell failed")
            why = str(error) if isinstance(error, LoupeError) else UNEXPECTED
            cells = [cell_of(place, None, Output(error=why), (), False) for place in task.places]
            return Done(task.key, cells, None, called)

    def prepare(self, tasks: list[Task]) -> None:
        """Compute at once what judging outputs that are there will need, such as vectors."""
        if tasks:
            prepare(self._cases(tasks), self._judging)

    def _cases(self, tasks: list[Task]) -> Iterator[Case]:
        for task in tasks:
            output = Output.model_validate_json(task.kept)
            for place in task.places:
                yield Case(place.row, self._variants[place.variant], output, self._judging)

    def _output(self, task: Task) -> Output:
        if task.problem is not None:
            return task.problem
        if task.request is None:
            return Output.model_validate_json(task.kept)
        return self._calls.ask(task.request)

    def _done(self, task: Task, output: Output, called: bool) -> Done:
        if output.error is not None:
            key = failed_key(task.key, self._eval) if output.text or output.steps else None
        else:
            key = task.key
        cells = []
        for number, place in enumerate(task.places):
            verdicts = () if output.error else judge(place.row, self._variants[place.variant], output, self._judging)
            if self._judging.cancel.is_set() and any(each.error for each in verdicts):  # it was stopped, or might be
                return Done(task.key, [], self._record(key, task, output) if called else None, called)
            cells.append(cell_of(place, key, output, verdicts, cached=not called or number > 0))
        return Done(task.key, cells, self._record(key, task, output) if called else None, called)

    def _record(self, key: str | None, task: Task, output: Output) -> OutputRecord | None:
        if key is None or task.request is None:
            return None
        return OutputRecord(key=key, model=task.request.model[:500], output=output.model_dump_json())


def cell_of(place: Place, key: str | None, output: Output, verdicts: tuple[Verdict, ...], cached: bool) -> CellRecord:
    """The cell of a place; without an answer, or without a verdict on it, it has not passed, whatever is demanded."""
    error = output.error or unjudged(verdicts)
    passed, score = (False, 0.0) if error else total(verdicts, place.row.threshold)
    return CellRecord(
        row=place.row.number,
        variant=place.variant,
        repeat=place.repeat,
        output=key,
        cached=cached and output.error is None,
        passed=passed,
        score=score,
        error=error,
        seconds=output.seconds,
        prompt_tokens=output.prompt_tokens,
        completion_tokens=output.completion_tokens,
        cost_usd=output.cost_usd,
        verdicts=f"[{','.join(each.model_dump_json() for each in verdicts)}]",
    )
