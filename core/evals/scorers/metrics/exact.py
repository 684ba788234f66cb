"""`exact`: the same text.

Knows nothing of numbers: `18.0` is not `18`.
"""

from __future__ import annotations

from core.evals.scorers.metric import Metric


def compare(answer: str, target: str) -> float:
    """1.0 when they are equal after stripping white space."""
    return float(answer.strip() == target.strip())


METRIC = Metric(
    name="exact",
    what="Equal after stripping white space; case counts.",
    source="Suzgun et al. 2022, Challenging BIG-Bench Tasks and Whether Chain-of-Thought Can Solve Them",
    compare=compare,
)
