"""A stretch of a document with a ruler on it: where its tokens, words, sentences, lines and paragraphs begin.

The stretch is tokenised once; everything that cuts works on positions from then on. Long documents are cut in parts of
about a million characters at a paragraph's border, so that memory does not grow with them. Knows nothing of splitters.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from core.documents.splitting.headings import Heading, headings
from core.documents.splitting.sentences import sentence_starts

if TYPE_CHECKING:
    from core.models.embedders import Embedder

PART_CHARACTERS = 1_000_000
WIDE = 100
"""Characters beyond which a token counts as one for each of its characters. A tokenizer takes a word without end, or a
mile of blanks, for one token or none (WordPiece: more than 100 letters are one unknown word), and a chunk of few tokens
would be a megabyte; and what a piece of such a word counts alone, nobody knows before."""

# Each matches wherever it begins, because blanks at the end are left out: what could fail late would take the square of
# a hostile text's length.
_PARAGRAPH = re.compile(r"\n[^\S\n]*+\n\s*+(?=\S)")
_LINE = re.compile(r"\n[^\S\n]*+(?=\S)")
_CLAUSE = re.compile(r"[,;:–—][\"'”’»)\]]*+\s++(?=\S)|[，、；：](?=\S)|\)\s++(?=\S)")
_VISIBLE = re.compile(r"\S")
_WORD = re.compile(r"\s(?=\S)")


class Part:
    """The characters `[base, base + len(text))` of a document. All positions here count from its own beginning."""

    def __init__(self, text: str, base: int, kind: str, embedder: Embedder) -> None:
        self.text = text
        self.base = base
        self.kind = kind
        self.embedder = embedder

    @cached_property
    def tokens(self) -> list[int]:
        """Where every token begins, in order; a character of several tokens is there as often."""
        starts: list[int] = []
        last = 0
        for start, _ in self.embedder.token_offsets(self.text):
            if start - last > WIDE:
                starts.extend(range(last + 1, start))
            last = max(last, start)  # some normalizers put a token of no width out of order
            starts.append(last)
        if len(self.text) - last > WIDE:
            starts.extend(range(last + 1, len(self.text)))
        return starts

    @cached_property
    def headings(self) -> list[Heading]:
        """Its headings."""
        return headings(self.text, self.kind)

    @cached_property
    def paragraphs(self) -> list[int]:
        """Where paragraphs after the first begin, but for those under a heading: it stays with what it heads."""
        return self._not_under_headings(match.end() for match in self._all(_PARAGRAPH))

    @cached_property
    def lines(self) -> list[int]:
        """Where lines after the first begin, but for those under a heading."""
        return self._not_under_headings(match.end() for match in self._all(_LINE))

    @cached_property
    def sentences(self) -> list[int]:
        """Where sentences after the first begin."""
        return sentence_starts(self.text)

    @cached_property
    def clauses(self) -> list[int]:
        """Behind commas, semicolons, colons, dashes."""
        return [match.end() for match in self._all(_CLAUSE)]

    @cached_property
    def words(self) -> list[int]:
        """Where words after the first begin, in scripts that put blanks between them."""
        return [match.end() for match in self._all(_WORD)]

    def index(self, at: int) -> int:
        """How many tokens begin before `at`."""
        return bisect_left(self.tokens, at)

    def count(self, start: int, end: int) -> int:
        """How many tokens begin in `[start, end)`."""
        return self.index(end) - self.index(start)

    def trimmed(self, start: int, end: int) -> tuple[int, int] | None:
        """`[start, end)` without the blanks around it; `None` when there is nothing else."""
        piece = self.text[start:end]
        kept = piece.strip()
        if not kept:
            return None
        start += len(piece) - len(piece.lstrip())
        return start, start + len(kept)

    def visible(self, at: int) -> int:
        """The first position from `at` on that is not blank; the end where there is none."""
        found = _VISIBLE.search(self.text, at)
        return found.start() if found else len(self.text)

    def _all(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return pattern.finditer(self.text, 0, len(self.text.rstrip()))

    def _not_under_headings(self, positions: Iterator[int]) -> list[int]:
        ends = {heading.end for heading in self.headings}
        if not ends:
            return list(positions)
        return [at for at in positions if self._end_above(at) not in ends]

    def _end_above(self, at: int) -> int:
        """Where the visible text in front of `at` ends."""
        at -= 1
        while at > 0 and self.text[at - 1].isspace():
            at -= 1
        return at


def parts(text: str, kind: str, embedder: Embedder) -> Iterator[Part]:
    """The parts of a document in order, each of at most `PART_CHARACTERS`."""
    start, size = 0, PART_CHARACTERS
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text):
            end = _border(text, start + size // 2, end)
        yield Part(text[start:end], start, kind, embedder)
        start = end


def _border(text: str, low: int, high: int) -> int:
    """The best place to cut in `(low, high]`: behind an empty line, a line, a blank; else `high`."""
    for mark in ("\n\n", "\n", " "):
        found = text.rfind(mark, low, high)
        if found >= 0:
            return found + len(mark)
    return high
