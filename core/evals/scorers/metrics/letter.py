"""`letter`: the same option.

Knows nothing of what the options say.
"""

from __future__ import annotations

import re

from core.evals.scorers.metric import Metric

_LETTER = re.compile(r"[^\W\d_]")


def compare(answer: str, target: str) -> float:
    """1.0 when the first letters are equal, brackets and case aside."""
    chosen, right = _LETTER.search(answer), _LETTER.search(target)
    return float(chosen is not None and right is not None and chosen[0].lower() == right[0].lower())


METRIC = Metric(
    name="letter",
    what="The first letters are equal, brackets and case aside.",
    source="Hendrycks et al. 2021, Measuring Massive Multitask Language Understanding",
    compare=compare,
)
