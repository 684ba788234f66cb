"""The table of an eval, rows × variants: which rows a mode, a search and a filter leave, a page at a time.

Modes and filters are answered by the ledger, words by the store; only the rows of one page are read whole. Knows
nothing of how a cell is drawn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from core.errors import InvalidInput
from core.evals.results.ledger import Ledger, open_ledger
from core.evals.results.metric_columns import first_names
from core.evals.scorers.patterns import check, search
from core.store import eval_figures, eval_scans, evals
from core.store.eval_records import Status
from core.store.evals import CellRecord, RowRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Mode = Literal["all", "failures", "differ", "texts", "errors", "overridden", "broken"]
MODES: dict[str, str] = {
    "all": "All",
    "failures": "Failures",
    "differ": "Differ",
    "texts": "Texts differ",
    "errors": "Errors",
    "overridden": "Overridden",
    "broken": "Broken rows",
}
"""Name → what it is called. All but "all" and "broken" look at the cells of a row: a failure among them, some passed
and some not, not all texts alike, one without an answer or a verdict on it, one that a person overrode."""
PER_PAGE = 25
EXCERPT = 600
"""Characters of an output in a cell of the table; opening it shows all."""
PATTERN_S = 4.0
"""A pattern looks no longer than this; what it has not seen by then is said."""
PATTERN_PREFIX = "re:"
"""A search that begins so is a pattern."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows with a cell whose score by one assertion is below a value, or not below it."""

    metric: str
    below: bool = True
    value: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCell:
    """One cell as the table shows it."""

    row: int
    variant: int
    repeat: int
    status: Status
    """With a person's word."""
    score: float
    error: str | None
    """Why it says nothing of quality; its `text` is there where only the verdict is missing."""
    overridden: bool
    text: str
    """The beginning of the output."""
    cut: bool
    """Whether there is more of it."""
    reason: str
    """Why it failed: of the first assertion that did, or what a person said."""
    seconds: float
    tokens: int

    @property
    def passed(self) -> bool:
        """Whether it counts as passed."""
        return self.status == "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row; `cells` has a list for every variant, empty where it was not asked yet, several with repeats."""

    number: int
    description: str
    vars: dict[str, Any]
    broken: str | None
    cells: tuple[tuple[TableCell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePage:
    """One page of the table."""

    rows: tuple[TableRow, ...]
    names: tuple[str, ...]
    """Of the variants, by place."""
    matching: int
    """Rows that mode, search and filter leave."""
    total: int
    page: int
    pages: int
    note: str = ""
    """One sentence when not everything could be searched."""
    numbers: tuple[int, ...] = field(default=(), repr=False)
    """All rows that match, ascending."""


def table(
    eval_id: str,
    *,
    mode: str = "all",
    search: str = "",
    metric: Filter | None = None,
    variants: Sequence[int] | None = None,
    rows: Sequence[int] | None = None,
    page: int = 1,
    per_page: int = PER_PAGE,
    stale_s: float = 0.0,
) -> TablePage:
    """A page of rows with their cells.

    Args:
        eval_id: whose.
        mode: a key of `MODES`.
        search: words that must all occur in a row's variables, description or outputs, whatever their case; with
            `re:` before it, a pattern that must be found in one of them.
        metric: only rows with such a cell.
        variants: modes and filter look at these only; every variant is shown all the same.
        rows: only rows of these numbers, such as those that got worse since an earlier run.
        page: from 1; one beyond the last is the last.
        per_page: rows of a page.
        stale_s: see `open_ledger`.

    Raises:
        InvalidInput: there is no such mode or assertion, or the pattern is none.
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    import numpy as np

    if mode not in MODES:
        raise InvalidInput(f"There is no mode {mode[:40]!r}; there are {', '.join(MODES)}.", "mode")
    book = open_ledger(eval_id, stale_s=stale_s)
    places = [place for place in variants if 0 <= place < len(book.names)] if variants else range(len(book.names))
    numbers = _in_mode(book, mode, list(places))
    if metric is not None:
        numbers = np.intersect1d(numbers, _with_metric(book, metric, list(places)))
    if rows is not None:
        numbers = np.intersect1d(numbers, np.array(list(rows), dtype=np.int64))
    note = ""
    if search.strip():
        found, note = _searched(book, search.strip(), numbers)
        numbers = np.intersect1d(numbers, found)
    pages = max(1, -(-len(numbers) // per_page))
    page = min(max(page, 1), pages)
    shown = numbers[(page - 1) * per_page : page * per_page].tolist()
    return TablePage(
        rows=tuple(_rows(book, shown)),
        names=tuple(book.names),
        matching=len(numbers),
        total=len(book.numbers),
        page=page,
        pages=pages,
        note=note,
        numbers=tuple(numbers.tolist()),
    )


def assertion_names(eval_id: str, *, stale_s: float = 0.0) -> list[str]:
    """Names that `Filter` takes, as far as the first cells have them.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    book = open_ledger(eval_id, stale_s=stale_s)
    if "names" not in book.memo:
        book.memo["names"] = first_names(eval_id)
    return list(book.memo["names"])


def _in_mode(book: Ledger, mode: str, places: list[int]) -> NDArray[np.int64]:
    import numpy as np

    f = book.figures
    looked = np.isin(f.variant, places)
    failed = ~f.passed & ~f.error
    match mode:
        case "all":
            return book.numbers
        case "broken":
            numbers, _ = eval_figures.row_numbers(book.record.id, show="broken")
            return np.array(numbers, dtype=np.int64)
        case "differ":
            some = np.intersect1d(f.row[looked & f.passed & ~f.error], f.row[looked & failed])
        case "texts":
            answered = looked & (~f.error | f.unjudged)
            rows, at = np.unique(f.row[answered], return_inverse=True)
            if not len(rows):
                return rows
            digest = book.texts[answered]
            least, most = np.full(len(rows), np.iinfo(np.int64).max), np.full(len(rows), np.iinfo(np.int64).min)
            np.minimum.at(least, at, digest)
            np.maximum.at(most, at, digest)
            some = rows[least != most]
        case _:
            chosen = {"failures": failed, "errors": f.error, "overridden": f.overridden}[mode]
            some = np.unique(f.row[looked & chosen])
    return some


def _with_metric(book: Ledger, wanted: Filter, places: list[int]) -> NDArray[np.int64]:
    import numpy as np

    column = book.metrics.score.get(wanted.metric)
    if column is None:
        known = ", ".join(book.metrics.score) or "none"
        raise InvalidInput(f"No assertion is called {wanted.metric[:60]!r} here; there are {known}.", "metric")
    looked = np.isin(book.figures.variant, places) & ~np.isnan(column)
    chosen = column < wanted.value if wanted.below else column >= wanted.value
    return np.unique(book.figures.row[looked & chosen])


def _searched(book: Ledger, wanted: str, among: NDArray[np.int64]) -> tuple[NDArray[np.int64], str]:
    import numpy as np

    if not wanted.startswith(PATTERN_PREFIX):
        numbers, _ = eval_figures.row_numbers(book.record.id, search=wanted)
        return np.array(numbers, dtype=np.int64), ""
    pattern = wanted[len(PATTERN_PREFIX) :].strip()
    check(pattern)
    still, found, until = set(among.tolist()), set(), time.monotonic() + PATTERN_S
    seen = 0
    for number, variables, description in eval_scans.row_vars(book.record.id):
        if number in still and search(pattern, f"{description}\n{_values(variables)}"):
            found.add(number)
        if time.monotonic() > until:
            break
    for (number, _, _), output in eval_scans.outputs(book.record.id):
        if output is not None and number in still and number not in found and search(pattern, _text(output)):
            found.add(number)
        seen = number
        if time.monotonic() > until:
            note = (
                f"The pattern was looked for during {PATTERN_S:.0f} s and came to row {seen:,}; narrow the rows first."
            )
            return np.array(sorted(found), dtype=np.int64), note
    return np.array(sorted(found), dtype=np.int64), ""


def _rows(book: Ledger, numbers: list[int]) -> list[TableRow]:
    records = evals.rows_of(book.record.id, numbers)
    cells = list(evals.cells(book.record.id, rows=numbers)) if numbers else []
    outputs = evals.outputs([each.output for each in cells])
    by_row: dict[int, list[list[TableCell]]] = {number: [[] for _ in book.names] for number in numbers}
    for each in cells:
        if each.variant < len(book.names):
            by_row[each.row][each.variant].append(_cell(each, outputs.get(each.output or "")))
    return [_row(record, by_row[record.number]) for record in records]


def _row(record: RowRecord, cells: list[list[TableCell]]) -> TableRow:
    return TableRow(
        number=record.number,
        description=record.description,
        vars=record.vars,
        broken=record.broken,
        cells=tuple(tuple(each) for each in cells),
    )


def _cell(cell: CellRecord, output: str | None) -> TableCell:
    text = _text(output) if output is not None else ""
    return TableCell(
        row=cell.row,
        variant=cell.variant,
        repeat=cell.repeat,
        status=cell.status,
        score=cell.score if cell.override is None else float(cell.override),
        error=cell.error if cell.override is None else None,
        overridden=cell.override is not None,
        text=text[:EXCERPT],
        cut=len(text) > EXCERPT,
        reason=(cell.override_reason or "") if cell.override is not None else _reason(cell.verdicts),
        seconds=cell.seconds,
        tokens=cell.completion_tokens,
    )


def _reason(verdicts: str) -> str:
    """Of the first assertion that failed."""
    for each in json.loads(verdicts):
        if not each.get("passed") and each.get("weight", 1.0) > 0:
            return str(each.get("error") or each.get("reason") or f"{each.get('label')} failed.")[:EXCERPT]
    return ""


def _text(output: str) -> str:
    return str(json.loads(output).get("text") or "")


def _values(variables: str) -> str:
    return "\n".join(str(value) for value in json.loads(variables).values())
