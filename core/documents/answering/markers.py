"""Citations that a model wrote into its answer: `[1]`, `[1, 3]`, `[2-4]`, `[passage 2]`, `【1】`.

Says which numbers exist and which sentence each belongs to; whether a passage supports it is not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.documents.answering.sentences import sentences

_LIST = r"\d{1,3}(?:\s*(?:,|;|&|and|[-–])\s*(?:\#|passage\s+|source\s+)?\d{1,3})*"
_MARKER = re.compile(
    rf"[\[【]\s*(?:passages?|sources?|documents?|docs?|references?|refs?)?\s*\.?\s*\#?({_LIST})\s*(?:†[^\]】]*)?[\]】]",
    re.IGNORECASE,
)
_PART = re.compile(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?")
MAX_RANGE = 20
"""`[1-3]` is three numbers; a longer range is taken for its two ends."""


@dataclass(frozen=True, slots=True)
class Marker:
    """One citation as the characters `[start, end)` of the answer."""

    start: int
    end: int
    numbers: tuple[int, ...]
    """Those that are passages."""
    unknown: tuple[int, ...]
    """Those that are none: the model made them up."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer with the citations that belong to it."""

    start: int
    end: int
    cites: tuple[int, ...]


def markers(answer: str, known: int) -> list[Marker]:
    """The citations in `answer` where passages are numbered from 1 to `known`."""
    found = []
    for match in _MARKER.finditer(answer):
        numbers: list[int] = []
        for first, last in _PART.findall(match[1]):
            low, high = int(first), int(last or first)
            numbers += range(low, high + 1) if 0 <= high - low <= MAX_RANGE else (low, high)
        distinct = dict.fromkeys(numbers)
        found.append(
            Marker(
                match.start(),
                match.end(),
                tuple(number for number in distinct if 1 <= number <= known),
                tuple(number for number in distinct if not 1 <= number <= known),
            )
        )
    return found


def without_markers(text: str) -> str:
    """The text without its citations, on one line."""
    return " ".join(re.sub(r"\s+([.,;:!?])", r"\1", _MARKER.sub(" ", text)).split())


def claims(answer: str, known: int) -> list[Claim]:
    """The sentences of `answer`; a citation after the full stop belongs to the sentence before it."""
    cited = markers(answer, known)
    bare = answer
    for each in cited:  # so that “One.[1] Two.” is two sentences
        bare = bare[: each.start] + " " * (each.end - each.start) + bare[each.end :]
    found = [Claim(span.start, span.end, ()) for span in sentences(bare)]
    for each in cited:
        place = _sentence_of(each, found, answer)
        if place is not None:
            claim = found[place]
            cites = tuple(dict.fromkeys((*claim.cites, *each.numbers)))
            found[place] = Claim(min(claim.start, each.start), max(claim.end, each.end), cites)
    return found


def _sentence_of(marker: Marker, found: list[Claim], answer: str) -> int | None:
    """Place of the sentence that holds the marker, else of the one before it in its line, else of the next."""
    before = [place for place, claim in enumerate(found) if claim.start <= marker.start]
    if before and "\n" not in answer[found[before[-1]].end : marker.start]:
        return before[-1]
    return next((place for place, claim in enumerate(found) if claim.start > marker.start), None)
