"""What a metric is: how right an answer is.

A metric knows nothing of how the answer was found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to compare an answer with the right one."""

    name: str
    """As it is written on the command line and in files."""
    what: str
    """When an answer is right, in a sentence that a person can read."""
    source: str
    """The paper, program or document that it comes from."""
    compare: Callable[[str, str], float]
    """`compare(answer, target)`: 1.0 right, 0.0 wrong, between them where the metric is graded."""
    graded: bool = False
    """Whether it gives values between 0 and 1."""
    one_sided: bool = False
    """Whether `compare(a, b)` and `compare(b, a)` can differ by intent: two answers are one only if both say so."""
