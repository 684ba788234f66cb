"""Whether paired differences are more than chance: a permutation test that swaps the two within each row.

Knows nothing of what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT = 18
"""Up to so many rows that differ, every assignment of signs is counted."""
DRAWN = 10_000
"""Beyond it, so many are drawn."""
NORMAL = 1000
"""Beyond so many, the sum of signs is as good as normal."""
SEED = 0
STEP = 1000
"""Assignments in memory at once."""
BEYOND_NORMAL = 1 / (2 * math.erfc(1))
"""No sum of numbers with random signs has a tail heavier than so many times the normal one: 3.18."""


def sign_flip(differences: Sequence[float] | NDArray[Any]) -> float:
    """The two-sided p of the mean of paired differences: if the two were alike, each sign could be the other one.

    Up to `EXACT` differences that are not 0 it is exact; beyond, (1 + extreme) / (1 + drawn) over `DRAWN` assignments
    (the same differences give the same p), which is never too small; beyond `NORMAL`, by the normal distribution.
    Where none of the drawn ones is extreme, drawing can say no more than that p is small: there a bound of the tail,
    which is never too small either, goes on where the draws end.

    Source: Fisher 1935, The design of experiments; Phipson and Smyth 2010, Permutation p-values should never be zero;
    Bentkus and Dzindzalieta 2015, A tight Gaussian bound for weighted sums of Rademacher random variables.
    """
    import numpy as np

    return sign_flips(np.asarray(differences, dtype=np.float64)[:, None])[0]


def sign_flips(differences: NDArray[Any]) -> list[float]:
    """`sign_flip` of every column; the drawn assignments are the same for all of them.

    Args:
        differences: (rows, pairs).
    """
    import numpy as np

    each = np.asarray(differences, dtype=np.float64)
    observed, size = np.abs(each.sum(axis=0)), np.abs(each).sum(axis=0)
    least = observed - 1e-9 * size  # what should be equal may part by a rounding
    parted = (each != 0).sum(axis=0)
    ps = [1.0] * each.shape[1]
    for place in np.flatnonzero((parted > 0) & (parted <= EXACT)):
        ps[place] = _exact(each[each[:, place] != 0, place], float(least[place]))
    for place in np.flatnonzero(parted > NORMAL):
        ps[place] = _normal_tail(float(observed[place]), each[:, place])
    drawn = np.flatnonzero((parted > EXACT) & (parted <= NORMAL))
    if len(drawn):
        some = each[:, drawn]
        some = some[(some != 0).any(axis=1)].astype(np.float32)
        extreme, generator = np.zeros(len(drawn)), np.random.default_rng(SEED)
        bar = least[drawn] - 1e-5 * size[drawn]
        for _ in range(0, DRAWN, STEP):
            flips = generator.integers(0, 2, (STEP, len(some)), dtype=np.int8).astype(np.float32)
            extreme += (np.abs(2 * (flips @ some) - some.sum(axis=0)) >= bar).sum(axis=0)
        for place, count in zip(drawn, extreme, strict=True):
            ps[place] = (1 + float(count)) / (1 + DRAWN)
            if not count:  # else hundreds of pairs, corrected for each other, could never be decisive
                ps[place] = min(ps[place], BEYOND_NORMAL * _normal_tail(float(least[place]), each[:, place]))
    return ps


def _normal_tail(observed: float, differences: NDArray[Any]) -> float:
    """The two-sided p of a sum of signed differences as if it were normal."""
    return math.erfc(observed / math.sqrt(2 * float((differences**2).sum())))


def _exact(differences: NDArray[Any], least: float) -> float:
    """The share of all assignments of signs whose sum is at least so far from 0."""
    import numpy as np

    sums = differences[:1]  # by symmetry the first sign can stay
    for each in differences[1:]:
        sums = np.concatenate([sums + each, sums - each])
    return float(np.mean(np.abs(sums) >= least))
