"""`contains`: the right answer occurs somewhere in what was answered.

Knows nothing of the words around it: “not Paris” contains Paris, and 15 contains 5. It suits long targets.
"""

from __future__ import annotations

from core.evals.scorers.metric import Metric
from core.evals.scorers.words import normalise


def compare(answer: str, target: str) -> float:
    """1.0 when the normalised target occurs in the normalised answer.

    A target of which nothing is left, such as “the”, occurs only in an answer of which nothing is left: otherwise it
    would make every answer right.
    """
    given, right = normalise(answer), normalise(target)
    return float(right in given if right else not given)


METRIC = Metric(
    name="contains",
    what="The target occurs in the answer, both normalised as in qa-em.",
    source="Mallen et al. 2023, When Not to Trust Language Models (PopQA), accuracy",
    compare=compare,
    one_sided=True,
)
