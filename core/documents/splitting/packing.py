"""Chunks from borders: as much as fits, up to the strongest border, the next one reaching back a little.

The one way in which every splitter cuts what is too long. From where a chunk begins it looks ahead as many tokens as
fit, and cuts at the last border of the strongest kind that leaves the chunk full enough; with overlap the next chunk
begins some tokens before that. Knows nothing of what borders mean.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.documents.spans import Span
from core.documents.splitting.part import Part

JOINERS = "\u200d\ufe0e\ufe0f"
"""Zero-width joiner and variation selectors: what follows or precedes belongs to one sign."""
LONGEST_SIGN = 16


@dataclass(frozen=True, slots=True)
class Level:
    """One kind of border."""

    borders: Sequence[int]
    """Positions, in order."""
    least: float = 0.0
    """Share of the chunk size that a chunk must fill to end at one of these."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How a chunk reaches back into the one before."""

    tokens: int
    """Most tokens that are repeated."""
    borders: Sequence[Sequence[int]]
    """Where a repetition may begin, the best kind first."""
    anywhere: bool = True
    """Whether it may begin at any token where there is no such border."""


def recursive_overlap(part: Part, tokens: int) -> Overlap:
    """A repetition of whole sentences, else of whole words."""
    return Overlap(tokens, [part.sentences, part.words])


def recursive_levels(part: Part) -> list[Level]:
    """Paragraph, line, sentence, clause, word; what is between tokens comes after all of them.

    The share keeps a short paragraph in front of a long one from becoming a chunk of its own.
    """
    return [
        *(Level(borders, 0.25) for borders in (part.paragraphs, part.lines, part.sentences, part.clauses)),
        Level(part.words),
    ]


def pack(
    part: Part,
    levels: Sequence[Level],
    size: int,
    *,
    overlap: Overlap | None = None,
    even: bool = False,
    within: tuple[int, int] | None = None,
) -> list[Span]:
    """Chunks of at most `size` tokens that together cover all that is visible.

    Args:
        part: what to cut.
        levels: borders to cut at, the strongest first; between two tokens where none of them helps.
        size: most tokens of a chunk; only one character of more tokens than that exceeds it.
        overlap: how chunks reach back into the one before; not at all by default.
        even: whether the last two chunks share what is left, so that the last is not a scrap of a few words.
        within: the positions to cut between; the whole part by default.

    Returns:
        Spans in order, in positions of the part, without blanks around them.
    """
    begin, stop = part.trimmed(*(within or (0, len(part.text)))) or (0, 0)
    spans: list[Span] = []
    start, fresh = begin, begin  # where the chunk begins, and where what the one before did not hold begins
    while fresh < stop:
        cut = _cut(part, levels, _share(part, size, start, stop) if even else size, start, fresh, stop)
        if cut is None:  # one character too large for what is left beside the repetition
            if start < fresh:
                start = fresh
                continue
            cut = _next_character(part, fresh, stop)
        if found := part.trimmed(start, cut):
            spans.append(Span(*found))
        if cut >= stop:
            break
        start = _reach_back(part, overlap, start, cut) if overlap and overlap.tokens else cut
        start, fresh = part.visible(start), part.visible(cut)
    return spans


def fit(part: Part, spans: list[Span], size: int) -> list[Span]:
    """The same spans, those cut again that have more than `size` tokens when counted alone.

    A piece of a word can have other tokens than it had within the word, and so can the beginning of a text.
    """
    counts = part.embedder.count([part.text[span.start : span.end] for span in spans])
    if all(count <= size for count in counts):
        return spans
    fitted: list[Span] = []
    for place, (span, count) in enumerate(zip(spans, counts, strict=True)):
        pieces = [span] if count <= size else _halves(part, span, size)
        following = spans[place + 1] if place + 1 < len(spans) else None
        # What is left of a span that the next one repeats as a whole is not wanted twice.
        fitted += [piece for piece in pieces if piece is span or following is None or piece.start < following.start]
    return [span for place, span in enumerate(fitted) if not place or span.end > fitted[place - 1].end]


def _share(part: Part, size: int, start: int, stop: int) -> int:
    """`size`, or a little more than half of what is left where a full chunk would leave little."""
    left = part.count(start, stop)
    return left * 6 // 10 if size < left < size * 5 // 4 else size


def _cut(part: Part, levels: Sequence[Level], size: int, start: int, fresh: int, stop: int) -> int | None:
    """Where a chunk from `start` ends; beyond `fresh`, or `None` if that cannot be."""
    first = part.index(start)
    if first + size >= len(part.tokens):
        return stop
    limit = part.tokens[first + size]
    if limit >= stop:
        return stop
    if limit <= fresh:
        return None
    for level in levels:
        least = max(fresh, part.tokens[first + int(size * level.least)] if level.least else start)
        place = bisect_right(level.borders, limit) - 1
        if place >= 0 and level.borders[place] > least:
            return level.borders[place]
    return _between_signs(part.text, fresh, limit)


def _reach_back(part: Part, overlap: Overlap, start: int, cut: int) -> int:
    """Where the next chunk begins: at most `overlap.tokens` before `cut`, behind `start`."""
    earliest = max(_back(part, cut, overlap.tokens), start + 1)
    half = _back(part, cut, (overlap.tokens + 1) // 2)
    for place, borders in enumerate(overlap.borders):
        found = bisect_left(borders, earliest)
        latest = cut - 1 if place == len(overlap.borders) - 1 else half  # a better border that repeats little is none
        if found < len(borders) and borders[found] <= latest:
            return borders[found]
    if not overlap.anywhere:
        return cut
    while earliest < cut and not _parts(part.text, earliest):
        earliest += 1
    return min(earliest, cut)


def _back(part: Part, cut: int, tokens: int) -> int:
    """The first position from which at most `tokens` tokens begin before `cut`."""
    index = part.index(cut)
    if index <= tokens:
        return part.tokens[0] if index else cut
    found = part.tokens[index - tokens]
    if part.tokens[index - tokens - 1] == found:  # in the middle of a character of several tokens
        found = _next_character(part, found, cut)
    return found


def _next_character(part: Part, at: int, stop: int) -> int:
    after = part.tokens[bisect_right(part.tokens, at) :][:1]
    return min(after[0] if after else stop, stop)


def _between_signs(text: str, low: int, at: int) -> int:
    """`at`, or a little before it where it would part a letter from its accent or an emoji from its colour."""
    for back in range(LONGEST_SIGN):
        place = at - back
        if place <= low:
            return at
        if _parts(text, place):
            return place
    return at


def _parts(text: str, at: int) -> bool:
    """Whether a new sign begins at `at`."""
    return not (unicodedata.combining(text[at]) or text[at] in JOINERS or text[at - 1] == "\u200d")


def _halves(part: Part, span: Span, size: int) -> list[Span]:
    """A span of more than `size` tokens in pieces of at most `size`."""
    pieces: list[Span] = []
    left = [span]
    while left:
        piece = left.pop()
        text = part.text[piece.start : piece.end]
        offsets = part.embedder.token_offsets(text)
        if len(offsets) <= size or len(text) == 1:
            pieces.append(piece)
            continue
        at = max(offsets[size][0], 1)
        word = max(text.rfind(mark, at * 3 // 4, at) for mark in (" ", "\n")) + 1
        at = piece.start + min(word or at, len(text) - 1)
        ends = [part.trimmed(at, piece.end), part.trimmed(piece.start, at)]  # the first is dealt with last
        left += [replace(piece, start=found[0], end=found[1]) for found in ends if found]
    return pieces
