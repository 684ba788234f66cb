"""One text against another, word by word: what both have, what only the first has, what only the second has.

Exact: the pieces put together are the texts, letter by letter. Matching is that of `core.prompts.diff`, over whole
texts rather than within lines. Knows nothing of who wrote them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from core.prompts.diff import MAX_LINES, operations

MAX_PAIRS = 250_000
"""Most pairs of words that are matched at once: some 500 words against 500, a fifth of a second at worst."""
_WORDS = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
"""A word takes the space before it along: else the spaces match each other, and a diff is shreds."""
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text."""

    kind: Literal["same", "removed", "added"]
    text: str


def word_diff(a: str, b: str) -> list[Piece]:
    """What makes `a` into `b`: without the added pieces it reads `a`, without the removed ones `b`.

    Source: `difflib.SequenceMatcher` (Ratcliff and Obershelp, 1988) over words; over lines first where the texts are
    long, and then over the words of lines that differ.
    """
    pieces: list[Piece] = []
    words_a, words_b = _WORDS.findall(a), _WORDS.findall(b)
    if len(words_a) * len(words_b) <= MAX_PAIRS:
        _add(pieces, words_a, words_b)
        return _joined(pieces)
    lines_a, lines_b = _LINES.findall(a), _LINES.findall(b)
    for kind, i1, i2, j1, j2 in operations(lines_a, lines_b, MAX_LINES**2):
        left, right = "".join(lines_a[i1:i2]), "".join(lines_b[j1:j2])
        if kind == "equal":
            pieces.append(Piece("same", left))
        else:
            _add(pieces, _WORDS.findall(left), _WORDS.findall(right))
    return _joined(pieces)


def _add(pieces: list[Piece], a: list[str], b: list[str]) -> None:
    for kind, i1, i2, j1, j2 in operations(a, b, MAX_PAIRS):
        if kind == "equal":
            pieces.append(Piece("same", "".join(a[i1:i2])))
        else:
            pieces += [Piece("removed", "".join(a[i1:i2])), Piece("added", "".join(b[j1:j2]))]


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one kind as one; between two common stretches what is removed comes before what is added."""
    found: list[Piece] = []
    removed, added = "", ""
    for piece in pieces:
        if piece.kind == "removed":
            removed += piece.text
        elif piece.kind == "added":
            added += piece.text
        elif piece.text:
            found += _changes(removed, added)
            removed, added = "", ""
            if found and found[-1].kind == "same":
                piece = Piece("same", found.pop().text + piece.text)
            found.append(piece)
    return found + _changes(removed, added)


def _changes(removed: str, added: str) -> list[Piece]:
    return [piece for piece in (Piece("removed", removed), Piece("added", added)) if piece.text]
