"""How sure a mean over questions is: percentile bootstrap intervals, and paired differences of two settings.

Knows nothing of what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2000
SEED = 0
_AT_ONCE = 2_000_000
"""Most drawn numbers in memory."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one setting has more than another on the same questions."""

    value: float
    low: float
    high: float

    @property
    def decisive(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low > 0 or self.high < 0


def interval(
    values: Sequence[float] | NDArray[np.floating], *, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[float, float]:
    """The 95 % interval of the mean of `values`: the middle of the means of samples drawn from them with replacement.

    The same values give the same interval.

    Source: Efron 1979, “Bootstrap methods”; the percentile interval.

    Raises:
        ValueError: there is no value.
    """
    import numpy as np

    column = np.asarray(values, dtype=np.float64)
    if not len(column):
        raise ValueError("there is no value")
    low, high = np.percentile(_means(column, resamples, seed), [2.5, 97.5])
    return float(low), float(high)


def difference(one: Sequence[float], other: Sequence[float], *, seed: int = SEED) -> Difference:
    """`one` minus `other`, question by question, with its 95 % interval.

    Raises:
        ValueError: they do not have the same number of values, or none.
    """
    import numpy as np

    if len(one) != len(other):
        raise ValueError("the two have values of different questions")
    each = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    low, high = interval(each, seed=seed)
    return Difference(float(each.mean()), low, high)


def _means(column: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    import numpy as np

    generator = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // len(column))
    parts = [
        column[generator.integers(0, len(column), (min(step, resamples - first), len(column)))].mean(axis=1)
        for first in range(0, resamples, step)
    ]
    return np.concatenate(parts)
