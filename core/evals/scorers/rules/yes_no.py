"""`yes-no`: whether a text says yes or no.

Knows no other words for them.
"""

from __future__ import annotations

import re

from core.evals.scorers.phrases import after_last_answer_is, last_match
from core.evals.scorers.rule import Rule

_WORD = re.compile(r"\b(?:yes|no)\b", re.IGNORECASE)
_FIRST = re.compile(r"[\W_]*(yes|no)\b", re.IGNORECASE)


def find(text: str) -> str | None:
    """`yes` or `no`."""
    rest = after_last_answer_is(text)
    if rest is not None and (found := _WORD.search(rest)):
        return found[0].lower()
    if found := _FIRST.match(text):
        return found[1].lower()
    last = last_match(_WORD, text)
    return None if last is None else last[0].lower()


RULE = Rule(
    name="yes-no",
    what="yes or no: the first after the last “answer is”, else the first word, else the last one anywhere.",
    source="Kojima et al. 2022, Large Language Models are Zero-Shot Reasoners, answer cleansing for yes and no",
    find=find,
)
