"""An eval against an earlier run: which rows got worse, which better, which are new.

Rows are matched by what they hold, not by their number: a data set may have grown or been sorted since. Variants are
matched by name. Knows nothing of why something changed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from core.evals.results.ledger import Ledger, open_ledger
from core.statistics import Pair, compare
from core.statistics.verdict import MIN_ROWS, number, points
from core.store import eval_scans
from core.store.evals import EvalRecord

NOW, THEN = "this run", "the earlier run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """One variant that both runs have."""

    name: str
    place: int
    """Among the variants of the later run."""
    worse: tuple[int, ...]
    """Row numbers of the later run: a smaller share of the row's repeats passed than before."""
    better: tuple[int, ...]
    same: int
    unknown: int
    """Rows that both runs have and one of them did not answer."""
    pair: Pair
    """The later run (a) against the earlier (b), on the rows that both answered."""

    @property
    def sentence(self) -> str:
        """What changed, in plain words."""
        pair = self.pair
        if not pair.rows:
            return "No row was answered by both runs."
        worse = len(self.worse)
        counted = (
            f"{worse:,} row{'' if worse == 1 else 's'} got worse, {len(self.better):,} better, {self.same:,} stayed"
        )
        if pair.rows < MIN_ROWS:
            return f"{counted}; fewer than {MIN_ROWS} rows: no statistics."
        low, high = (number(each) for each in pair.ci95)
        word = "up" if pair.difference > 0 else "down"
        change = f"{word} {points(abs(pair.difference))}" if pair.difference else "no change"
        return f"{counted}: {change} (95 % {low} to {high}); {'decisive' if pair.decisive else 'not decisive'}."

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "worse": list(self.worse),
            "better": list(self.better),
            "same": self.same,
            "unknown": self.unknown,
            "difference": self.pair.difference,
            "ci95": list(self.pair.ci95),
            "p": self.pair.p,
            "p_holm": self.pair.p_holm,
            "decisive": self.pair.decisive,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """Two runs of what is the same eval, or nearly."""

    earlier: EvalRecord
    variants: tuple[Changes, ...]
    new_variants: tuple[str, ...]
    gone_variants: tuple[str, ...]
    matched: int
    """Rows that both have."""
    new: tuple[int, ...]
    """Row numbers of the later run that the earlier does not have."""
    gone: int
    """Rows that only the earlier has."""

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "earlier": self.earlier.id,
            "matched": self.matched,
            "new": list(self.new),
            "gone": self.gone,
            "new_variants": list(self.new_variants),
            "gone_variants": list(self.gone_variants),
            "variants": [each.as_json() for each in self.variants],
        }


def against(eval_id: str, earlier_id: str, *, stale_s: float = 0.0) -> Against:
    """What changed from the earlier run to this one.

    Args:
        eval_id: the later run.
        earlier_id: the earlier one.
        stale_s: see `open_ledger`.

    Raises:
        NotFound: one of them is not there.
        StoreError: the database could not be read.
    """
    now, then = open_ledger(eval_id, stale_s=stale_s), open_ledger(earlier_id, stale_s=stale_s)
    known = now.memo.get(f"against {earlier_id}")
    if known is not None and known[0] is then:
        return cast(Against, known[1])
    found = _against(now, then)
    now.memo[f"against {earlier_id}"] = then, found
    return found


def _against(now: Ledger, then: Ledger) -> Against:
    import numpy as np

    matched, new, gone = _matched(now.record.id, then.record.id)
    rows_now, rows_then = [row for row, _ in matched], [row for _, row in matched]
    shares_now, shares_then = _shares(now), _shares(then)
    names_now, names_then = now.names, then.names
    both = [name for name in names_now if name in names_then]
    columns: list[Any] = []
    pairs = []
    for name in both:
        pairs.append((len(columns), len(columns) + 1))
        columns.append(_column(shares_now, rows_now, names_now.index(name)))
        columns.append(_column(shares_then, rows_then, names_then.index(name)))
    table = np.column_stack(columns) if columns else np.empty((0, 0))
    changes = []
    for name, pair in zip(both, compare(table, pairs=pairs), strict=True):
        away = table[:, pair.a] - table[:, pair.b]
        changes.append(
            Changes(
                name=name,
                place=names_now.index(name),
                worse=tuple(rows_now[place] for place in np.flatnonzero(away < 0)),
                better=tuple(rows_now[place] for place in np.flatnonzero(away > 0)),
                same=int((away == 0).sum()),
                unknown=int(np.isnan(away).sum()),
                pair=pair,
            )
        )
    return Against(
        earlier=then.record,
        variants=tuple(changes),
        new_variants=tuple(name for name in names_now if name not in names_then),
        gone_variants=tuple(name for name in names_then if name not in names_now),
        matched=len(matched),
        new=tuple(new),
        gone=gone,
    )


def _matched(eval_id: str, earlier_id: str) -> tuple[list[tuple[int, int]], list[int], int]:
    """Numbers of the rows that both have, in this run and in the earlier; those only this one has; how many are gone.

    The second row with the same content goes with the second one.
    """
    then = _by_content(earlier_id)
    found, new = [], []
    for content, row in _by_content(eval_id).items():
        earlier = then.pop(content, None)
        if earlier is None:
            new.append(row)
        else:
            found.append((row, earlier))
    return found, new, len(then)


def _by_content(eval_id: str) -> dict[tuple[bytes, int], int]:
    seen: Counter[bytes] = Counter()
    found = {}
    for row, variables, _ in eval_scans.row_vars(eval_id):
        text = json.dumps(json.loads(variables), sort_keys=True)  # the order of a row's columns says nothing
        content = hashlib.sha256(text.encode()).digest()
        found[content, seen[content]] = row
        seen[content] += 1
    return found


def _shares(book: Ledger) -> tuple[Any, Any]:
    """Row numbers with cells, and the share of repeats that passed, (rows, variants)."""
    import numpy as np

    return np.unique(book.figures.row), book.by_row(book.figures.passed)


def _column(shares: tuple[Any, Any], numbers: list[int], variant: int) -> Any:
    """The shares of one variant on these rows, NaN where a row has no cell."""
    import numpy as np

    rows, table = shares
    if not len(rows):
        return np.full(len(numbers), np.nan)
    wanted = np.array(numbers, dtype=np.int64)
    place = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return np.where(rows[place] == wanted, table[place, variant], np.nan)
