"""Whether two pass or fail the same rows equally often: McNemar's test, exact.

Knows nothing of rows that both passed or both failed: they say nothing about a difference.
"""

from __future__ import annotations


def mcnemar(up: int, down: int) -> float:
    """The two-sided p: how often a fair coin would split the rows on which the two part at least so unevenly.

    Args:
        up: rows that only the first passed.
        down: rows that only the second passed.

    Source: McNemar 1947, Note on the sampling error of the difference between correlated proportions; exact by the
    binomial distribution, as statsmodels' `mcnemar(exact=True)` and scipy's `binomtest(up, up + down)`.
    """
    from scipy.special import bdtr

    parted = up + down
    return min(1.0, 2 * float(bdtr(min(up, down), parted, 0.5))) if parted else 1.0
