"""Judgements of a row that need the outputs of all variants at once, such as `select-best`, once all of them are there.

They come on top of what was said of each output alone. Made anew by every attempt: what a judge said is kept, so that
it costs nothing. Knows nothing of threads or jobs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from core.evals.assertion import Verdict
from core.evals.assertions import Judging, compares, judge_together, total, unjudged
from core.evals.datasets import BrokenRow, rows_of
from core.evals.eval_file import EvalFile
from core.evals.output import Output
from core.evals.row import Row
from core.store import evals as store
from core.store.evals import CellRecord

MARK = "together"
"""In the details of a verdict: it compares outputs."""


class Together:
    """Works on rows; may be called from any thread."""

    def __init__(self, eval_id: str, file: EvalFile, judging: Judging) -> None:
        self._eval, self._file, self._judging = eval_id, file, judging

    def rows(self) -> Iterator[Row]:
        """Rows of which something compares all outputs."""
        for row in rows_of(self._file):
            if not isinstance(row, BrokenRow) and compares(row.assertions):
                yield row

    def __call__(self, row: Row) -> list[CellRecord]:
        """The cells of a row with the verdicts that compare them; none when it was stopped."""
        cells = [each for each in store.cells(self._eval, rows=[row.number]) if each.answered]
        kept = store.outputs([each.output for each in cells])
        judged: list[CellRecord] = []
        for repeat in range(self._file.repeat):
            of_repeat = {self._file.variants[each.variant].name: each for each in cells if each.repeat == repeat}
            outputs = {
                name: Output.model_validate_json(kept[each.output])
                for name, each in of_repeat.items()
                if each.output in kept
            }
            said = judge_together(row, self._file.variants, outputs, self._judging)
            if self._judging.cancel.is_set() and any(each.error for verdicts in said.values() for each in verdicts):
                return []
            judged += [_with(of_repeat[name], verdicts, row.threshold) for name, verdicts in said.items()]
        return judged


def _with(cell: CellRecord, verdicts: tuple[Verdict, ...], threshold: float | None) -> CellRecord:
    """The cell with these verdicts behind those of the output alone."""
    before = [Verdict.model_validate(each) for each in json.loads(cell.verdicts)]
    alone = [each for each in before if not each.details.get(MARK)]
    marked = [each.model_copy(update={"details": {**each.details, MARK: True}}) for each in verdicts]
    error = unjudged([*alone, *marked])
    passed, score = (False, 0.0) if error else total([*alone, *marked], threshold)
    written = ",".join(each.model_dump_json() for each in [*alone, *marked])
    return replace(cell, passed=passed, score=score, error=error, verdicts=f"[{written}]")
