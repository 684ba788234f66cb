"""How sure the difference of two shares on the same rows is. Knows nothing of what was counted."""

from __future__ import annotations

import math

from core.statistics.wilson import Z


def share_difference(up: int, down: int, n: int) -> tuple[float, float]:
    """The 95 % interval of the first share minus the second.

    Args:
        up: rows that only the first passed.
        down: rows that only the second passed.
        n: all rows.

    Returns:
        Both ends, from -1 to 1; (-1, 1) where there is no row.

    Source: Bonett and Price 2012, Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data; recommended by Fagerland, Lydersen and Laake 2014. It keeps its width where no row parts the two.
    """
    if n <= 0:
        return -1.0, 1.0
    more, less = (up + 1) / (n + 2), (down + 1) / (n + 2)
    half = Z * math.sqrt((more + less - (more - less) ** 2) / (n + 2))
    return max(-1.0, more - less - half), min(1.0, more - less + half)
