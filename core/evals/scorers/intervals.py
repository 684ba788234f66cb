"""How sure a score is: 95 % intervals for a share and for a mean.

Knows nothing of what was scored.
"""

from __future__ import annotations

import math

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


def wilson(right: float, n: int) -> tuple[float, float]:
    """The interval of a share.

    Args:
        right: how many of `n` were right.
        n: how many there were; nothing is known of a share of none, so 0 gives (0, 1).

    Returns:
        Both ends, from 0 to 1.

    Source: Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference; without correction for
    continuity, as in statsmodels' `proportion_confint(method="wilson")`.
    """
    if n <= 0:
        return 0.0, 1.0
    share, squared = right / n, Z * Z / n
    middle = (share + squared / 2) / (1 + squared)
    half = Z / (1 + squared) * math.sqrt(max(0.0, share * (1 - share) / n + squared / (4 * n)))
    # The very ends are exact in theory and a rounding away in practice.
    low = 0.0 if right <= 0 else max(0.0, middle - half)
    return low, 1.0 if right >= n else min(1.0, middle + half)


class Mean:
    """A mean and its interval, one value from 0 to 1 at a time. Knows its values only by their moments."""

    def __init__(self) -> None:
        self.n = 0
        self.value = 0.0
        self._squares = 0.0
        self._graded = False

    def add(self, value: float) -> None:
        """One more value (Welford 1962, which loses nothing to rounding)."""
        self.n += 1
        before = value - self.value
        self.value += before / self.n
        self._squares += before * (value - self.value)
        self._graded = self._graded or value not in (0.0, 1.0)

    def interval(self) -> tuple[float, float]:
        """The 95 % interval: Wilson's where every value is 0 or 1, else Student's t, cut to what is possible."""
        if not self._graded:
            return wilson(self.value * self.n, self.n)
        if self.n < 2:
            return 0.0, 1.0
        from scipy.special import stdtrit

        half = float(stdtrit(self.n - 1, 0.975)) * math.sqrt(max(0.0, self._squares) / (self.n - 1) / self.n)
        return max(0.0, self.value - half), min(1.0, self.value + half)
