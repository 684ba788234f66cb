"""Right or wrong: an answer against the one that was expected, and by which rule. Knows nothing of techniques."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.evals.scorers import correct, extract

SHORT = 60
"""An expected answer up to here, in characters, is looked for inside of a longer one."""


_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d,]*(?:\.\d+)?%?|[-+]?\.\d+|[-+]?\d+\s*/\s*\d+")
_OPTION = re.compile(r"\W*[A-Ja-j]\W*")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison says."""

    right: bool
    how: str
    """The rule, in words for a person."""


def judge(answer: str | None, expected: str) -> Verdict | None:
    """Compare an answer with the expected one.

    A number is compared as a number with the last one in the answer, since that is where answers in sentences have it;
    a single letter as an option; anything else as text without case, articles and punctuation, and failing that its
    words must stand in the answer, whole and in this order.

    Returns:
        `None` when there is nothing to compare with.
    """
    expected = expected.strip()
    if not expected:
        return None
    if answer is None or not answer.strip():
        return Verdict(False, "there is no answer")
    if _is_number(expected):
        found = answer if _is_number(answer) else extract("last-number", answer)
        if found is None:
            return Verdict(False, "the answer holds no number")
        return Verdict(correct("numeric", found, expected) == 1.0, "compared by its last number")
    if _OPTION.fullmatch(expected):
        found = answer if _OPTION.fullmatch(answer) else extract("letter", answer)
        return Verdict(correct("letter", found, expected) == 1.0, "compared as an option")
    if correct("qa-em", answer, expected) == 1.0:
        return Verdict(True, "compared as text")
    if len(expected) <= SHORT and _words(expected) in _words(answer):
        return Verdict(True, "it contains the expected words")
    return Verdict(False, "compared as text")


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip()) is not None


def _words(text: str) -> str:
    """The words between single spaces, one on either end, so that “no” is not found in “know”."""
    return " " + " ".join(re.findall(r"[^\W_]+", text.casefold())) + " "
