"""How many rows more would settle it: the sample size at which a difference like the present one is found 4 in 5 times.

Takes the present figures at their word, and they are uncertain themselves: the answer is an order of size. Knows
nothing of how rows are got.
"""

from __future__ import annotations

import math

POWER = 0.8
ALPHA = 0.05
MOST = 100_000
"""Further rows that anybody would look at."""


def rows_to_settle(up: int, down: int, n: int, *, alpha: float = ALPHA) -> int | None:
    """Further rows until the exact McNemar test finds the present difference with 80 % power.

    Of N rows, as many part the two as did so far, and as large a share of them for the first. The power is the exact
    one: over how many rows part the two, the chance that their split is called significant.

    Args:
        up: rows that only the first passed.
        down: rows that only the second passed.
        n: rows so far.
        alpha: what p must be below; smaller where many pairs are compared.

    Returns:
        `None` when more than `MOST` would be needed, or no number is enough.

    Source: Duffy 1984, Asymptotic and exact power for the McNemar test.
    """
    from scipy.special import ndtri

    if up == down or n <= 0:
        return None
    parted, away = (up + down) / n, abs(up - down) / n
    # Connor 1987, by the normal distribution: near enough to begin there
    z, power = float(ndtri(1 - alpha / 2)), float(ndtri(POWER))
    near = ((z * math.sqrt(parted) + power * math.sqrt(max(0.0, parted - away**2))) / away) ** 2
    if near > 2 * (n + MOST):
        return None

    def enough(more: int) -> bool:
        return mcnemar_power(n + more, up / n, down / n, alpha) >= POWER

    low, high = 0, max(1, math.ceil(near) - n)
    while not enough(high):
        if high > MOST:
            return None
        low, high = high, high + max(1, high // 8)
    while high - low > 1:  # the power rises but for small teeth
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high if high <= MOST else None


def rows_to_settle_mean(mean: float, deviation: float, n: int, *, alpha: float = ALPHA) -> int | None:
    """Further rows until a paired test of means finds the present difference with 80 % power.

    Args:
        mean: of the differences.
        deviation: their standard deviation from row to row.
        n: rows so far.
        alpha: what p must be below.

    Returns:
        `None` when more than `MOST` would be needed, or no number is enough.

    Source: Guenther 1981, Sample size formulas for normal theory t tests.
    """
    from scipy.special import ndtri

    if mean == 0:
        return None
    z = float(ndtri(1 - alpha / 2))
    needed = ((z + float(ndtri(POWER))) * deviation / mean) ** 2 + z * z / 2
    more = max(1, math.ceil(needed) - n)
    return more if more <= MOST else None


def mcnemar_power(rows: int, up: float, down: float, alpha: float = ALPHA) -> float:
    """The chance that the exact McNemar test is significant.

    Args:
        rows: how many are asked.
        up: chance that a row is passed by the first only.
        down: chance that a row is passed by the second only.
        alpha: what p must be below.
    """
    import numpy as np
    from scipy.special import bdtr, bdtrc, bdtrik, gammaln, xlog1py, xlogy

    parted = min(1.0, up + down)
    spread = 7 * math.sqrt(rows * parted * (1 - parted)) + 10
    m = np.arange(max(0, int(rows * parted - spread)), min(rows, int(rows * parted + spread)) + 1)
    chance = np.exp(
        gammaln(rows + 1) - gammaln(m + 1) - gammaln(rows - m + 1) + xlogy(m, parted) + xlog1py(rows - m, -parted)
    )
    with np.errstate(invalid="ignore"):
        smaller = np.maximum(np.nan_to_num(np.floor(bdtrik(alpha / 2, m, 0.5)), nan=-1.0), -1.0)
    # the inverse can be a rounding off, by one at most
    smaller += 2 * bdtr(np.minimum(smaller + 1, m), m, 0.5) < alpha
    smaller -= (smaller >= 0) & (2 * bdtr(np.maximum(smaller, 0), m, 0.5) >= alpha)
    called, k, share = smaller >= 0, np.maximum(smaller, 0), up / parted
    found = bdtr(k, m, share) + bdtrc(np.maximum(m - k - 1, 0), m, share)
    return float(np.sum(chance[called] * found[called]))
