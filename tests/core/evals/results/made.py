"""Evals that are already run: rows, cells and outputs written straight into the store, with no model asked.

Used by tests of results, reports and the page Results, and by `bench/results_page.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from core.evals.assertion import Verdict
from core.evals.output import Output
from core.store import evals
from core.store.evals import CellRecord, EvalRecord, OutputRecord, RowRecord

Cell = dict[str, Any]
PAGE = 500


def plan(names: Sequence[str], repeat: int = 1) -> dict[str, Any]:
    """What a run plans, as far as results look at it."""
    variants = [
        {"name": name, "model": f"model-{place}", "messages": [{"role": "user", "content": "{{question}}"}]}
        for place, name in enumerate(names)
    ]
    return {"variants": variants, "repeat": repeat}


def make(
    names: Sequence[str],
    rows: int,
    cell: Callable[[int, int, int], Cell | None],
    *,
    repeat: int = 1,
    row: Callable[[int], dict[str, Any]] | None = None,
    **fields: Any,
) -> EvalRecord:
    """An eval of `rows` rows.

    Args:
        names: of the variants.
        rows: how many.
        cell: for row (from 1), variant and repeat: `passed`, and what else parts from a plain cell: `score`, `text`,
            `error`, `unjudged` (why a judge said nothing), `verdicts`, `steps`, `cached`, `seconds`, `tokens`, `cost`;
            `None`: not asked yet.
        repeat: how often each row is asked.
        row: fields of a row's record, by its number.
        **fields: of the eval's record.
    """
    describe = row or (lambda number: {"vars": {"question": f"What is {number} + {number}?"}})
    values: dict[str, Any] = {
        "name": "Sums",
        "rows": rows,
        "data_digest": "d",
        "plan": plan(names, repeat),
        "file": "description: Sums\n",
    }
    record = evals.create(**(values | fields))
    for first in range(1, rows + 1, PAGE):
        numbers = range(first, min(first + PAGE, rows + 1))
        evals.save_rows(record.id, [RowRecord(number=number, **describe(number)) for number in numbers])
        cells, outputs = [], []
        for number in numbers:
            for variant in range(len(names)):
                for time in range(repeat):
                    made = cell(number, variant, time)
                    if made is not None:
                        one, output = _cell(record.id, number, variant, time, made)
                        cells.append(one)
                        outputs += [output] if output else []
        evals.save_cells(record.id, cells, outputs)
    return record


def verdict(passed: bool = True, score: float | None = None, label: str = "contains", **fields: Any) -> Verdict:
    """One verdict."""
    return Verdict(label=label, passed=passed, score=float(passed) if score is None else score, **fields)


def _cell(eval_id: str, row: int, variant: int, repeat: int, made: Cell) -> tuple[CellRecord, OutputRecord | None]:
    passed, error = bool(made.get("passed", False)), made.get("error")
    verdicts = made.get("verdicts")
    if verdicts is None:
        verdicts = [] if error else [verdict(passed, made.get("score"), reason="" if passed else "It is not in there.")]
    if silent := made.get("unjudged"):
        verdicts = [verdict(False, 0.0, "llm-rubric", reason=silent, error=silent)]
    key = None if error else made.get("key", f"{eval_id}-{row}-{variant}-{repeat}")
    tokens = made.get("tokens", 20)
    cell = CellRecord(
        row=row,
        variant=variant,
        repeat=repeat,
        output=key,
        cached=made.get("cached", False),
        passed=passed,
        score=made.get("score", float(passed)),
        error=error or silent,
        seconds=made.get("seconds", 0.5),
        prompt_tokens=10,
        completion_tokens=0 if error else tokens,
        cost_usd=made.get("cost"),
        verdicts=json.dumps([each.model_dump(mode="json") for each in verdicts], ensure_ascii=False),
    )
    if key is None:
        return cell, None
    output = Output(
        text=made.get("text", f"The answer to {row} is {2 * row}."),
        prompt=made.get("prompt", f"What is {row} + {row}?"),
        completion_tokens=tokens,
        seconds=cell.seconds,
        steps=tuple(made.get("steps", ())),
    )
    return cell, OutputRecord(key=key, model=f"model-{variant}", output=output.model_dump_json())
