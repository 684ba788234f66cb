"""All cells of one eval as columns in memory, read once and again only when the store has something new.

What a page asks of an eval (figures, modes, filters, pages of the table) is answered from here in milliseconds. Knows
nothing of intervals, nor of what is drawn.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.evals.results.aligning import aligned
from core.evals.results.metric_columns import MetricColumns, metric_columns
from core.store import eval_figures, eval_scans, evals
from core.store.eval_figures import Figures, VariantCounts
from core.store.evals import EvalRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 3
"""Evals in memory at once; one of 100,000 rows and four variants takes about 30 MB."""


@dataclass(frozen=True)
class Ledger:
    """One eval as it was when it was read."""

    record: EvalRecord
    plan: dict[str, Any]
    counts: tuple[VariantCounts, ...]
    figures: Figures = field(repr=False)
    numbers: NDArray[np.int64] = field(repr=False)
    """Numbers of all rows, ascending, broken ones and those not asked yet among them."""
    memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was computed from it, for whoever computes the same again."""

    @property
    def names(self) -> list[str]:
        """Of the variants, by place."""
        return [str(each.get("name") or f"variant {place + 1}") for place, each in enumerate(self._variants)]

    @property
    def models(self) -> list[str]:
        """Their model references."""
        return [str(each.get("model") or "") for each in self._variants]

    @property
    def repeat(self) -> int:
        """How often each row is asked."""
        repeat = self.plan.get("repeat")
        return repeat if isinstance(repeat, int) and repeat > 0 else 1

    @property
    def expected(self) -> int:
        """Cells there will be once it is done."""
        return (self.record.rows - self.broken) * len(self.names) * self.repeat

    @cached_property
    def broken(self) -> int:
        """Rows that could not be read."""
        known = self.plan.get("broken")  # the plan knows before the rows are written
        return known if isinstance(known, int) else eval_figures.broken_rows(self.record.id)

    @property
    def notes(self) -> list[str]:
        """What is worth knowing before its figures are read: models that were not there, what Loupe does not act on."""
        missing = self.plan.get("missing")
        notes = self.plan.get("notes")
        gone = [f"{name}: {reason}" for name, reason in missing.items()] if isinstance(missing, dict) else []
        return gone + ([str(each) for each in notes] if isinstance(notes, list) else [])

    @cached_property
    def metrics(self) -> MetricColumns:
        """By label of an assertion, its score in every cell."""
        return metric_columns(self.record.id, self.figures)

    @cached_property
    def texts(self) -> NDArray[np.int64]:
        """A digest of every cell's output: equal for equal texts, white space at either end aside; 0 without one."""
        import numpy as np

        found = np.zeros(len(self.figures), dtype=np.int64)
        for place, output in aligned(self.figures, eval_scans.outputs(self.record.id)):
            if output is not None:
                text = str(json.loads(output).get("text") or "").strip()
                digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
                found[place] = int.from_bytes(digest, "big", signed=True)
        return found

    def by_row(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """One value a cell as a table: (rows with cells, variants), the mean of a row's repeats.

        NaN where a variant has no answer to a row, or none that was judged.
        """
        import numpy as np

        f, width = self.figures, len(self.names)
        rows, place = np.unique(f.row, return_inverse=True)
        answered = ~f.error & ~np.isnan(values) & (f.variant < width)
        at = (place * width + f.variant)[answered]
        size = len(rows) * width
        number = np.bincount(at, minlength=size)
        total = np.bincount(at, weights=values[answered].astype(np.float64), minlength=size)
        with np.errstate(invalid="ignore"):
            return np.where(number > 0, total / np.maximum(number, 1), np.nan).reshape(len(rows), width)

    @property
    def _variants(self) -> list[dict[str, Any]]:
        found = self.plan.get("variants")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


_kept: OrderedDict[str, tuple[Any, float, Ledger]] = OrderedDict()
_lock = threading.Lock()


def open_ledger(eval_id: str, *, stale_s: float = 0.0) -> Ledger:
    """The eval as it is now.

    Args:
        eval_id: whose.
        stale_s: one read at most so many seconds ago will do, without a look at the store: for a page that polls.

    Raises:
        NotFound: there is no such eval.
        StoreError: the database could not be read.
    """
    with _lock:
        known = _kept.get(eval_id)
    if known is not None and time.monotonic() - known[1] < stale_s:
        return known[2]
    record = evals.get(eval_id)
    # Every cell that is written, judged again or overridden changes a sum or the time of the last override.
    stamp = (record, counts := tuple(eval_figures.counts(eval_id)), eval_scans.last_override(eval_id))
    found = known[2] if known is not None and known[0] == stamp else _read(record, counts)
    with _lock:
        _kept[eval_id] = (stamp, time.monotonic(), found)
        _kept.move_to_end(eval_id)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _read(record: EvalRecord, counts: tuple[VariantCounts, ...]) -> Ledger:
    import numpy as np

    plan = json.loads(record.plan)
    numbers, _ = eval_figures.row_numbers(record.id)
    return Ledger(
        record=record,
        plan=plan if isinstance(plan, dict) else {},
        counts=counts,
        figures=eval_figures.figures(record.id),
        numbers=np.array(numbers, dtype=np.int64),
    )
