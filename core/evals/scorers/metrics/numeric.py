"""`numeric`: the same number, however it is written.

Knows nothing of units: `3 km` is 3.
"""

from __future__ import annotations

from decimal import Decimal

from core.evals.scorers.metric import Metric
from core.evals.scorers.numbers import close, read

TOLERANCE = Decimal("1e-6")
"""Part of the target. At 1e-4 a wrong 120,006 would pass for 120,000."""


def compare(answer: str, target: str) -> float:
    """1.0 when both are numbers and differ by at most a millionth of the target, absolutely below 1."""
    value, right = read(answer), read(target)
    return float(value is not None and right is not None and close(value, right, TOLERANCE))


METRIC = Metric(
    name="numeric",
    what="Both read as numbers ($ and thousands commas dropped, 3/4 as a fraction) and differ by at most a millionth.",
    source="Gao et al. 2022, PAL: Program-aided Language Models, whose tolerance is 1e-3, absolute",
    compare=compare,
)
