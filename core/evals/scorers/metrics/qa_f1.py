"""`qa-f1`: how many words they share.

Knows nothing of the order of words.
"""

from __future__ import annotations

from collections import Counter

from core.evals.scorers.metric import Metric
from core.evals.scorers.words import normalise

_VERDICTS = ("yes", "no", "noanswer")


def compare(answer: str, target: str) -> float:
    """F1 of the words of both; 0 when one of them is yes, no or noanswer and the other differs."""
    given, right = normalise(answer), normalise(target)
    if given == right:
        return 1.0
    if given in _VERDICTS or right in _VERDICTS:
        return 0.0
    words, right_words = Counter(given.split()), Counter(right.split())
    shared = (words & right_words).total()
    # Precision is shared / words, recall shared / right_words; this is their harmonic mean.
    return 2 * shared / (words.total() + right_words.total())


METRIC = Metric(
    name="qa-f1",
    what="The F1 of the words of both, normalised as in qa-em; a file's score is the mean.",
    source="Rajpurkar et al. 2016 (SQuAD) and Yang et al. 2018 (HotpotQA), whose rule for yes and no it follows",
    compare=compare,
    graded=True,
)
