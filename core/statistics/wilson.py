"""How sure a share is: Wilson's interval, for independent trials and for rows that were asked several times.

Knows nothing of what was counted.
"""

from __future__ import annotations

import math

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


def wilson(right: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share.

    Args:
        right: how many of `n` were right.
        n: how many there were, a fraction where trials count for less than one each; nothing is known of a share of
            none, so 0 gives (0, 1).

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
