"""All rows of an eval with their cells and outputs, a few at a time: flat in memory at any size.

Knows nothing of formats.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from core.store import evals
from core.store.evals import CellRecord, RowRecord

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Filled:
    """A cell and what came out."""

    cell: CellRecord
    output: dict[str, Any]
    """An `Output` as plain data; `{}` where there is none."""

    @property
    def text(self) -> str:
        """The answer."""
        return str(self.output.get("text") or "")

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """What each assertion said."""
        found = json.loads(self.cell.verdicts)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def score(self) -> float:
        """With a person's word."""
        return self.cell.score if self.cell.override is None else float(self.cell.override)

    @property
    def status(self) -> str:
        """`passed`, `failed`, `unjudged` or `error`."""
        return self.cell.status

    @property
    def judged(self) -> bool:
        """Whether it says anything of quality."""
        return self.status in ("passed", "failed")

    @property
    def reason(self) -> str:
        """Why it is so: the error, a person's word, or what the first assertion that failed says."""
        if self.cell.override is not None:
            said = self.cell.override_reason or "no reason given"
            return f"A person says {'passed' if self.cell.override else 'failed'}: {said}"
        if self.cell.error is not None:
            return self.cell.error
        for each in self.verdicts:
            if not each.get("passed") and each.get("weight", 1.0) > 0:
                said = each.get("error") or each.get("reason") or "failed"
                return f"{each.get('label', 'an assertion')}: {said}"
        return ""


def rows(eval_id: str, *, variants: Collection[int] | None = None) -> Iterator[tuple[RowRecord, list[Filled]]]:
    """Every row with its cells, by variant and repeat; of these variants only, where they are given.

    Raises:
        StoreError: the database could not be read.
    """
    first = 1
    while page := evals.rows(eval_id, first, AT_ONCE):
        cells: dict[int, list[CellRecord]] = {}
        for cell in evals.cells(eval_id, rows=[each.number for each in page], variants=variants):
            cells.setdefault(cell.row, []).append(cell)
        outputs = evals.outputs({each.output for some in cells.values() for each in some})
        for row in page:
            yield row, [_filled(cell, outputs) for cell in cells.get(row.number, [])]
        first = page[-1].number + 1


def _filled(cell: CellRecord, outputs: dict[str, str]) -> Filled:
    text = outputs.get(cell.output or "")
    found = json.loads(text) if text is not None else {}
    return Filled(cell, found if isinstance(found, dict) else {})


def value(found: Any) -> str:
    """A variable's value as text: as it is, or as JSON."""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)
