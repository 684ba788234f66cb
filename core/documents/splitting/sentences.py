"""Where the sentences of a text begin.

Rules on signs rather than a trained model: a full stop and its like, what closes with it, a gap, and no small letter
after it; abbreviations, initials and numbers do not end a sentence. Scripts that put no gap between sentences end them
by their own sign. An empty line and the beginning of a list item, heading or table row always do. (pysbd, a package
made for this, has had no release since 2021.) Knows nothing of chunks.
"""

from __future__ import annotations

import re

_ABBREVIATION = re.compile(
    r"mr|mrs|ms|dr|prof|sr|jr|st|mt|ft|gen|col|lt|sgt|capt|rev|hon|gov|sen|jan|feb|apr|aug|sept|oct|nov|dec|figs|eq|eqs"
    r"|ref|refs|chap|vols|nos|nr|ed|eds|al|et|cf|vs|viz|approx|ca|resp|e\.g|i\.e|eg|ie|etc|inc|ltd|co|corp|dept|univ"
    r"|assn|bros|ave|blvd|rd|z\.b|d\.h|u\.a|bzw|usw|vgl|abs|bd|hrsg|mme|mlle"
)
"""Lower case, without the last full stop. "etc" and "inc" may end a sentence; then two stay one, which does no harm."""
_BEFORE_NUMBER = frozenset(("no", "fig", "sec", "ch", "vol", "art", "p", "pp", "mar", "jun", "jul", "sep", "tab"))
"""Words, unless a number follows."""
_CLOSERS = "\"'”’»›)\\]}*_"
_OPENERS = "\"'“‘„«‹(\\[{*_¿¡"
_CANDIDATE = re.compile(
    rf"(?P<gap>(?<![.!?…؟۔।॥։።])(?P<sign>[.!?…؟۔।॥։።]++)[{_CLOSERS}]*+\s++)(?=[{_OPENERS}]*(?P<next>\S))"
    r"|(?P<dense>(?<![。！？｡])[。！？｡]++[」』”’）】》〉\"')]*+\s*+)(?=\S)"
    r"|(?P<block>\n[ \t]*+\n\s*+|\n[ \t]*+(?=(?:[-*+•‣>|]|\#{1,6}|\d{1,3}[.)])[ \t]))(?=\S)",
)
"""Possessive, and never begun within a run of signs: a megabyte of full stops takes no longer than one of words."""
_WORD_BEFORE = re.compile(r"[\w.&-]*\Z")
_LOOK_BACK = 24


def sentence_starts(text: str) -> list[int]:
    """Where each sentence after the first begins, in rising order; every position is that of a visible character."""
    starts: list[int] = []
    for match in _CANDIDATE.finditer(text, 0, len(text.rstrip())):
        if match["gap"] is None or _ends(text, match):
            starts.append(match.end())
    return starts


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether the sign in front of a gap ends a sentence."""
    if "\n" in match["gap"] and match["gap"].count("\n") > 1:
        return True
    if match["next"].islower():
        return False
    if match["sign"] != ".":
        return True
    at = match.start("sign")
    found = _WORD_BEFORE.search(text, max(0, at - _LOOK_BACK), at)
    word = found[0].lower() if found else ""
    if _ABBREVIATION.fullmatch(word) or (word in _BEFORE_NUMBER and match["next"].isdigit()):
        return False
    last = word.rpartition(".")[2]
    if len(last) == 1 and last.isalpha():  # an initial, or the last letter of "U.S."
        return False
    return not (last.isdigit() and len(last) <= 3 and _begins_line(text, at - len(word)))  # "1. First"


def _begins_line(text: str, at: int) -> bool:
    line = text.rfind("\n", 0, at) + 1
    return at - line <= _LOOK_BACK and not text[line:at].strip(" \t>*-")
