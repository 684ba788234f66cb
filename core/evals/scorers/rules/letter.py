"""`letter`: the option that a free text decides for.

Knows nothing of what the options say. The pronoun “I”, a letter of an abbreviation (D.C.) and a unit (°C) are no
options.
"""

from __future__ import annotations

import re

from core.evals.scorers.phrases import ANSWER_IS, last_match
from core.evals.scorers.rule import Rule

_PHRASE = re.compile(rf"{ANSWER_IS}|\banswer[*_`]*\s*:|\boption\b|\bchoice\b", re.IGNORECASE)
_PRONOUN = r"(?!I(?:['’]|[ \t]+(?!(?:is|as|because|since)\b)[a-z]))"
_ALONE = rf"(?<![\w°º])(?<![A-Z]\.){_PRONOUN}([A-J])(?!\w)(?!\.[A-Z]\b)"
_CHOSEN = re.compile(rf"[(\[]\s*([A-Ja-j])\s*[)\]]|(?<![\w(])([a-j])\)|{_ALONE}")
_BRACKETED = re.compile(r"(?<!\b\w)\(\s*([A-J])\s*\)|(?<![\w(])([A-J])\)")
_BRACKETED_SMALL = re.compile(r"(?<!\b\w)\(\s*([a-j])\s*\)|(?<![\w(])([a-j])\)")
"""`P(A)` and `f(a)` are no options."""
_FIRST = re.compile(rf"[\W_]*(?:{_PRONOUN}([A-J])(?!\w)|([a-j])(?=\s*\Z|[.):\]]))")
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_REST_OR_NEXT_LINE = re.compile(r"[^\w\r\n]*(?:[\r\n]\W*)?[^\r\n]*")
"""With the next line where nothing but punctuation follows on this one, as in “**Answer:**”."""


def find(text: str) -> str | None:
    """The letter in upper case, A to J."""
    end = len(text)
    for phrase in reversed(list(_PHRASE.finditer(text))):
        announces = phrase[0][:6].lower() == "answer"
        # What lies behind the next phrase has been searched already: without this bound, a long line would be
        # searched once for every phrase in it.
        rest = (_REST_OR_NEXT_LINE if announces else _REST_OF_LINE).match(text, phrase.end(), end)
        start, until, end = phrase.end(), rest.end() if rest else phrase.end(), phrase.end()
        bracket = text.find("(", start, until)
        for found in _CHOSEN.finditer(text, start, until):
            if found[2] is None or bracket < 0 or found.start() < bracket:  # `a)`, and not the end of `(x + a)`
                return _letter(found)
    for pattern in (_BRACKETED, _BRACKETED_SMALL):
        if (last := last_match(pattern, text)) is not None:
            return _letter(last)
    first = _FIRST.match(text)
    return None if first is None else _letter(first)


def _letter(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None).upper()


RULE = Rule(
    name="letter",
    what="The option letter A to J after the last “answer is”, “answer:”, “option” or “choice”; else the last one in "
    "brackets, (B) or B); else the one that the text begins with.",
    source="Wei et al. 2022, Chain-of-Thought Prompting, on AQuA, CommonsenseQA and Date Understanding; Hendrycks et "
    "al. 2021 (MMLU) for answers without a chain",
    find=find,
)
