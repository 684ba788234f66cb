"""How sure a score is, one value at a time: the 95 % interval of a share or a mean.

Knows nothing of what was scored. Intervals and tests over whole evals are in `core.statistics`.
"""

from __future__ import annotations

import math

from core.statistics.wilson import Z, wilson

__all__ = ["Mean", "Z", "wilson"]


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
