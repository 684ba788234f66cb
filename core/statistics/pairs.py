"""Every pair of variants on the same rows: difference with its interval, a paired test, what would settle it.

A row counts once, however often it was asked: its repeats are averaged. Knows nothing of what a variant is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from core.statistics.holm import holm
from core.statistics.mcnemar import mcnemar
from core.statistics.means import mean_interval
from core.statistics.settling import ALPHA, rows_to_settle, rows_to_settle_mean
from core.statistics.share_difference import share_difference
from core.statistics.sign_flip import sign_flips
from core.statistics.verdict import MIN_ROWS, outcome, verdict_sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Test = Literal["mcnemar", "sign-flip", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two variants on the rows that both of them answered."""

    a: int
    """Place of the first, from 0."""
    b: int
    rows: int
    """Rows that both answered."""
    difference: float
    """`a` minus `b`, mean over these rows."""
    ci95: tuple[float, float]
    p: float
    """Two-sided, of this pair alone."""
    p_holm: float
    """Corrected for all pairs that have a row in common."""
    test: Test
    decisive: bool
    """Whether the corrected p is below 5 % on at least `MIN_ROWS` rows."""
    rows_to_settle: int | None
    """Further rows that would make the present difference decisive with 80 % power; 0 when it is; `None` when no number
    within reach would, and below `MIN_ROWS`."""
    a_better: int
    """Rows on which `a` has more."""
    b_better: int

    @property
    def outcome(self) -> str:
        """The end of the sentence, such as “decisive”."""
        return outcome(self.decisive, self.rows, self.rows_to_settle)

    def sentence(self, names: Sequence[str]) -> str:
        """The verdict in plain words; `names` by place, as they are written."""
        return verdict_sentence(
            names[self.a], names[self.b], self.difference, self.ci95, self.decisive, self.rows, self.rows_to_settle
        )


def compare(table: NDArray[np.float64], *, pairs: Sequence[tuple[int, int]] | None = None) -> list[Pair]:
    """All pairs of columns, or those named, with Holm's correction over those that have a row in common.

    Pass and fail, where every value is 0 or 1: McNemar's exact test, and Bonett's and Price's interval. Anything
    between, scores and shares of repeats: the sign-flip test, and the bootstrap over rows.

    Args:
        table: (rows, variants), from 0 to 1; the mean of a row's repeats; NaN where a variant has no answer.
        pairs: places of columns.
    """
    import numpy as np

    wanted = list(combinations(range(table.shape[1]), 2)) if pairs is None else list(pairs)
    if not wanted:
        return []
    both = [~np.isnan(table[:, a]) & ~np.isnan(table[:, b]) for a, b in wanted]
    away = np.column_stack([np.nan_to_num(table[:, a] - table[:, b]) for a, b in wanted])
    whole = [bool(np.isin(table[seen][:, [a, b]], (0.0, 1.0)).all()) for (a, b), seen in zip(wanted, both, strict=True)]
    up, down = (away > 0).sum(axis=0).tolist(), (away < 0).sum(axis=0).tolist()
    flipped = iter(sign_flips(away[:, [not each for each in whole]]))
    ps = [mcnemar(u, d) if binary else next(flipped) for u, d, binary in zip(up, down, whole, strict=True)]
    rows = [int(seen.sum()) for seen in both]
    corrected, strictness = _corrected(ps, rows)
    found = []
    for place, (a, b) in enumerate(wanted):
        n = rows[place]
        each = away[both[place], place]
        mean = float(each.mean()) if n else 0.0
        decisive = n >= MIN_ROWS and corrected[place] < ALPHA
        found.append(
            Pair(
                a=a,
                b=b,
                rows=n,
                difference=mean,
                ci95=_interval(each, up[place], down[place], whole[place]),
                p=ps[place],
                p_holm=corrected[place],
                test="none" if not n else "mcnemar" if whole[place] else "sign-flip",
                decisive=decisive,
                rows_to_settle=0 if decisive else _settle(each, up, down, whole, place, strictness[place]),
                a_better=up[place],
                b_better=down[place],
            )
        )
    return found


def _interval(each: NDArray[Any], up: int, down: int, whole: bool) -> tuple[float, float]:
    if whole or not up + down:  # where no row parts the two, a bootstrap would be sure of it
        return share_difference(up, down, len(each))
    return mean_interval(each, bounds=(-1.0, 1.0))


def _settle(
    each: NDArray[Any], up: list[int], down: list[int], whole: list[bool], place: int, alpha: float
) -> int | None:
    n = len(each)
    if n < MIN_ROWS:
        return None
    if whole[place]:
        return rows_to_settle(up[place], down[place], n, alpha=alpha)
    return rows_to_settle_mean(float(each.mean()), float(each.std(ddof=1)), n, alpha=alpha)


def _corrected(ps: Sequence[float], rows: Sequence[int]) -> tuple[list[float], list[float]]:
    """By pair its corrected p and what its own must be below; a pair without a common row was not tested at all."""
    tested = [place for place, n in enumerate(rows) if n]
    corrected, strictness = list(ps), [math.nan] * len(ps)
    some = [ps[place] for place in tested]
    for place, p, level in zip(tested, holm(some), _levels(some), strict=True):
        corrected[place], strictness[place] = p, level
    return corrected, strictness


def _levels(ps: Sequence[float]) -> list[float]:
    """What each p must be below under Holm's correction: the smallest has all pairs against it, the largest itself."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    levels = [math.nan] * len(ps)
    for rank, place in enumerate(order):
        levels[place] = ALPHA / (len(ps) - rank)
    return levels
