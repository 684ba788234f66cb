"""`rouge-n` and `rouge-l`: words that output and reference share.

Words are runs of letters and digits in lower case, as in the package rouge-score; beyond ASCII too, with a word for
every Chinese or Japanese character. Knows nothing of meaning, and no stemmer.

Source: Lin 2004, “ROUGE: A Package for Automatic Evaluation of Summaries”; the package rouge-score.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged, graded
from core.evals.assertions.kind import Kind
from core.evals.assertions.sequences import common
from core.evals.assertions.values import references

USUAL = 0.75
MEASURES = ("precision", "recall", "f1")
MOST_N = 9
_WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}]|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}])[\p{L}\p{M}\p{N}])+"
_SOURCE = "Lin 2004, ROUGE; the package rouge-score"


@dataclass(frozen=True, slots=True)
class Score:
    """One comparison."""

    precision: float
    """Part of the output that is in the reference."""
    recall: float
    """Part of the reference that is in the output."""

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def words(text: str) -> list[str]:
    """The words that are compared."""
    return _pattern().findall(text.lower())  # type: ignore[no-any-return]


def rouge_n(output: str, reference: str, n: int = 1) -> Score:
    """Runs of `n` words that both hold, each as often as in both."""
    given, wanted = _grams(words(output), n), _grams(words(reference), n)
    shared = (given & wanted).total()
    return Score(shared / max(given.total(), 1), shared / max(wanted.total(), 1))


def rouge_l(output: str, reference: str) -> Score:
    """Words of both in the same order, whatever stands between them.

    Raises:
        InvalidInput: the texts are too long to be compared.
    """
    given, wanted = words(output), words(reference)
    shared = common(given, wanted)
    return Score(shared / max(len(given), 1), shared / max(len(wanted), 1))


@lru_cache(maxsize=1)
def _pattern() -> Any:
    import regex

    return regex.compile(_WORD)


def _grams(sequence: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(sequence[start : start + n]) for start in range(len(sequence) - n + 1))


def _look_n(judged: Judged) -> Finding:
    n = int(judged.assertion.options.get("n", 1))
    scores = [rouge_n(judged.text, each, n) for each in references(judged.value)]
    return _best(judged, scores, "recall", f"ROUGE-{n}")


def _look_l(judged: Judged) -> Finding:
    return _best(judged, [rouge_l(judged.text, each) for each in references(judged.value)], "f1", "ROUGE-L")


def _best(judged: Judged, scores: list[Score], usual: str, name: str) -> Finding:
    measure = judged.assertion.options.get("measure", usual)
    best = max(scores, key=lambda each: float(getattr(each, measure)))
    figures = {each: getattr(best, each) for each in MEASURES}
    return graded(figures[measure], judged.threshold(USUAL), f"{name} {measure}", **figures)


def _refuse(assertion: Assertion) -> str | None:
    n, measure = assertion.options.get("n", 1), assertion.options.get("measure", "f1")
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST_N:
        return f"has n {n!r}; it is a whole number from 1 to {MOST_N}"
    return None if measure in MEASURES else f"has the measure {measure!r}; choose one of {', '.join(MEASURES)}"


KINDS = (
    Kind(
        "rouge-n",
        "The output holds at least this part (threshold, 0.75) of the reference's words, or of its runs of n words.",
        _SOURCE,
        "references",
        _look_n,
        expects=True,
        usual=USUAL,
        threshold=(0.0, 1.0),
        options=("n", "measure"),
        refuse=_refuse,
    ),
    Kind(
        "rouge-l",
        "The F1 of the longest sequence of words that output and reference share reaches the threshold, 0.75.",
        _SOURCE,
        "references",
        _look_l,
        expects=True,
        usual=USUAL,
        threshold=(0.0, 1.0),
        options=("measure",),
        refuse=_refuse,
    ),
)
