"""`qa-em`: the same words.

Knows nothing of meaning: “U.S.” and “United States” differ.
"""

from __future__ import annotations

from core.evals.scorers.metric import Metric
from core.evals.scorers.words import normalise


def compare(answer: str, target: str) -> float:
    """1.0 when they are equal after lower-casing and without punctuation and articles."""
    return float(normalise(answer) == normalise(target))


METRIC = Metric(
    name="qa-em",
    what="Equal after lower-casing, dropping punctuation and the words a, an, the, and squeezing spaces.",
    source="Rajpurkar et al. 2016 (SQuAD) and Yang et al. 2018 (HotpotQA), exact match",
    compare=compare,
)
