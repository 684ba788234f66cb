"""CSV: one line a cell, for spreadsheets and data frames; nothing in it is run as a formula.

Knows nothing of figures over cells: a pivot table has them in a moment.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from core.evals.report.stream import Filled, rows, value
from core.evals.results import open_ledger
from core.store import eval_scans
from core.store.evals import RowRecord
from core.store.export import defuse

COLUMNS = ("row", "description")
CELL_COLUMNS = (
    "variant",
    "model",
    "repeat",
    "status",
    "passed",
    "score",
    "reason",
    "output",
    "overridden",
    "override_reason",
    "cached",
    "seconds",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
)
MOST_VARIABLES = 200


def render(eval_id: str) -> Iterator[str]:
    """A header, then a line for every cell; a row without cells has one line.

    A variable has the column `vars.NAME`, an assertion's score the column `score.NAME`.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    book = open_ledger(eval_id)
    variables: dict[str, None] = {}
    for _, text, _ in eval_scans.row_vars(eval_id):
        for name in json.loads(text):
            if name in variables or len(variables) < MOST_VARIABLES:
                variables[name] = None
    metrics = list(book.metrics.score)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    header = [*COLUMNS, *(f"vars.{name}" for name in variables), *CELL_COLUMNS, *(f"score.{name}" for name in metrics)]
    writer.writerow([_cell(each) for each in header])
    for row, cells in rows(eval_id):
        head = [row.number, row.description, *(_value(row, name) for name in variables)]
        for filled in cells:
            line = [*head, *_line(filled, book.names, book.models), *_scores(filled, metrics)]
            writer.writerow([_cell(each) for each in line])
        if not cells:
            said = row.broken or "It was not asked yet."
            blank: list[Any] = [None] * len(CELL_COLUMNS)
            blank[CELL_COLUMNS.index("status")] = "broken" if row.broken else "waiting"
            blank[CELL_COLUMNS.index("reason")] = said
            writer.writerow([_cell(each) for each in [*head, *blank, *([None] * len(metrics))]])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _line(filled: Filled, names: list[str], models: list[str]) -> list[Any]:
    cell = filled.cell
    known = cell.variant < len(names)
    return [
        names[cell.variant] if known else cell.variant,
        models[cell.variant] if known else None,
        cell.repeat,
        filled.status,
        cell.holds if filled.judged else None,  # blank, so that a mean over the column leaves it out
        filled.score if filled.judged else None,
        filled.reason,
        filled.text,
        cell.override is not None,
        cell.override_reason,
        cell.cached,
        round(cell.seconds, 3),
        cell.prompt_tokens,
        cell.completion_tokens,
        cell.cost_usd,
    ]


def _scores(filled: Filled, metrics: list[str]) -> list[float | None]:
    found: dict[str, list[float]] = {}
    for each in filled.verdicts:
        if not each.get("error"):
            found.setdefault(str(each.get("metric") or each.get("label") or ""), []).append(float(each["score"]))
    return [sum(found[name]) / len(found[name]) if name in found else None for name in metrics]


def _value(row: RowRecord, name: str) -> str | None:
    return value(row.vars[name]) if name in row.vars else None


def _cell(content: Any) -> Any:
    """Defused; NUL ends a field for many readers."""
    return defuse(content.replace("\0", "�")) if isinstance(content, str) else content
