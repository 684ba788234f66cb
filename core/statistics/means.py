"""How sure a share or a mean over rows is, when a row may have been asked several times.

Answers to one row resemble each other, so the row is what counts as one observation: its repeats are a cluster. Knows
nothing of what was asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core.statistics.wilson import Z, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 4000
SEED = 0
BOOTSTRAPPED = 1000
"""With more rows than these a mean is as good as normal, and Student's t says what the bootstrap would."""


def share_interval(
    passed: Sequence[bool] | NDArray[Any], rows: Sequence[int] | NDArray[Any] | None = None
) -> tuple[float, float]:
    """The 95 % interval of the share of cells that passed.

    Where every row was asked once it is Wilson's. Where rows were asked several times it is Wilson's with the number of
    independent trials that carry as much information: the number of cells over the design effect (the variance over
    rows against that of independent cells), with Student's t for few rows. Where all cells agree the variance says
    nothing, and the rows are counted.

    Args:
        passed: one value a cell.
        rows: to which row each belongs; `None`: every cell is a row of its own.

    Returns:
        Both ends, from 0 to 1; (0, 1) where nothing is known.

    Source: Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data; Franco, Little, Louis and Slud 2019, Comparative study of confidence intervals for
    proportions in complex sample surveys (Wilson's with the effective sample size).
    """
    sums, counts = per_row(passed, rows)
    number = float(counts.sum())
    right = float(sums.sum())
    if len(sums) == number:
        return wilson(right, number)
    n_rows = len(sums)
    if n_rows < 2:
        return 0.0, 1.0
    share = right / number
    alone = share * (1 - share) / number
    if alone == 0:
        return wilson(share * n_rows, n_rows)
    variance = n_rows / (n_rows - 1) * float(((sums - share * counts) ** 2).sum()) / number**2
    effective = number * min(alone / variance, 1.0) if variance > 0 else number
    effective *= (Z / student(n_rows - 1)) ** 2
    return wilson(share * effective, effective)


def mean_interval(
    values: Sequence[float] | NDArray[Any],
    rows: Sequence[int] | NDArray[Any] | None = None,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> tuple[float, float]:
    """The 95 % interval of a mean over cells: bootstrap over whole rows, with percentiles widened for few rows.

    Samples of as many rows are drawn from the rows with replacement, each with all of its cells; the interval is the
    middle of their means. Plain percentiles are too narrow for few rows, by √((n - 1)/n) and by what parts Student's t
    from the normal distribution: the percentiles are taken further out by just that. With more than `BOOTSTRAPPED` rows
    it is Student's t with the variance over rows. The same values give the same interval.

    Args:
        values: one a cell.
        rows: to which row each belongs; `None`: every cell is a row of its own.
        bounds: what a value can be; the answer where there are fewer than two rows.

    Source: Efron 1979, Bootstrap methods; Field and Welsh 2007, Bootstrapping clustered data; the widening is
    Hesterberg 2015, What teachers should know about the bootstrap, “expanded percentile interval”.
    """
    import numpy as np
    from scipy.special import ndtr

    sums, counts = per_row(values, rows)
    n_rows = len(sums)
    if n_rows < 2:
        return bounds
    mean = float(sums.sum() / counts.sum())
    away = sums - mean * counts  # around 0, so that equal values have an interval of no width at all
    t = student(n_rows - 1)
    if n_rows > BOOTSTRAPPED:
        half = t * math.sqrt(n_rows / (n_rows - 1) * float((away**2).sum())) / float(counts.sum())
        return max(bounds[0], mean - half), min(bounds[1], mean + half)
    drawn = multiplicities(n_rows)
    means = (drawn @ away.astype(np.float32)) / (drawn @ counts.astype(np.float32))
    tail = 100 * float(ndtr(-math.sqrt(n_rows / (n_rows - 1)) * t))
    low, high = np.percentile(means, [tail, 100 - tail])
    return max(bounds[0], mean + float(low)), min(bounds[1], mean + float(high))


def per_row(
    values: Sequence[float] | NDArray[Any], rows: Sequence[int] | NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of the values of every row, rows ascending."""
    import numpy as np

    column = np.asarray(values, dtype=np.float64)
    if rows is None:
        return column, np.ones(len(column))
    _, place = np.unique(np.asarray(rows), return_inverse=True)
    return np.bincount(place, weights=column).astype(np.float64), np.bincount(place).astype(np.float64)


def student(freedom: int) -> float:
    """The 97.5th percentile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


@lru_cache(maxsize=2)
def multiplicities(n: int) -> NDArray[np.float32]:
    """How often each of `n` rows is in each of `RESAMPLES` samples, (RESAMPLES, n).

    The same for every figure of an eval, so it is drawn once.
    """
    import numpy as np

    generator = np.random.default_rng(SEED)
    drawn = generator.integers(0, n, (RESAMPLES, n), dtype=np.int32) + n * np.arange(RESAMPLES, dtype=np.int32)[:, None]
    counted = np.bincount(drawn.ravel(), minlength=n * RESAMPLES).reshape(RESAMPLES, n).astype(np.float32)
    counted.flags.writeable = False
    return counted
