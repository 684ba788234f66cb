"""Two texts side by side: lines paired, changed words marked, bounded for huge texts.

Exact: a line that differs in its line end or in an invisible character is a changed line. Knows nothing of prompts.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

MAX_LINES = 2000
"""Most differing lines that are matched to each other; beyond, the old ones stand before the new ones."""
MAX_WORD_PAIRS = 20_000
"""Most pairs of words that are matched within a line; beyond, all between what both lines begin and end with counts."""
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
Spans = tuple[tuple[int, int], ...]
Operation = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of the side-by-side view."""

    kind: Literal["same", "changed", "removed", "added"]
    left: str | None
    """The line of the first text without its line end; `None` beside an added line."""
    right: str | None
    """The line of the second text; `None` beside a removed line."""
    left_number: int | None = None
    """From 1."""
    right_number: int | None = None
    left_spans: Spans = ()
    """What changed in the line: character positions, end exclusive."""
    right_spans: Spans = ()


def diff(a: str, b: str) -> list[DiffRow]:
    """The lines of two texts side by side.

    Source: `difflib.SequenceMatcher` (Ratcliff and Obershelp, 1988), by lines, then by words within a changed line.
    """
    left, right = a.split("\n"), b.split("\n")
    head = _common(left, right)
    tail = _common(left[head:][::-1], right[head:][::-1])
    middle_left, middle_right = left[head : len(left) - tail], right[head : len(right) - tail]
    rows = [DiffRow("same", line, line, n, n) for n, line in enumerate(left[:head], 1)]
    operations: Sequence[tuple[str, int, int, int, int]]
    if max(len(middle_left), len(middle_right)) > MAX_LINES:
        operations = [("delete", 0, len(middle_left), 0, 0), ("insert", 0, 0, 0, len(middle_right))]
    else:
        operations = difflib.SequenceMatcher(None, middle_left, middle_right, autojunk=False).get_opcodes()
    for kind, i1, i2, j1, j2 in operations:
        pairs = zip_longest(range(i1, i2), range(j1, j2)) if kind != "insert" else ((None, j) for j in range(j1, j2))
        for i, j in pairs:
            rows.append(
                _row(
                    middle_left[i] if i is not None else None,
                    middle_right[j] if j is not None else None,
                    head + i + 1 if i is not None else None,
                    head + j + 1 if j is not None else None,
                )
            )
    first_left, first_right = len(left) - tail, len(right) - tail
    rows += [
        DiffRow("same", line, line, first_left + n, first_right + n) for n, line in enumerate(left[first_left:], 1)
    ]
    return rows


def _row(left: str | None, right: str | None, left_number: int | None, right_number: int | None) -> DiffRow:
    if left is None or right is None:
        return DiffRow("added" if left is None else "removed", left, right, left_number, right_number)
    if left == right:
        return DiffRow("same", left, right, left_number, right_number)
    left_spans, right_spans = _changed(left, right)
    return DiffRow("changed", left, right, left_number, right_number, left_spans, right_spans)


def _changed(left: str, right: str) -> tuple[Spans, Spans]:
    """Which characters of two lines belong to words that differ."""
    a, b = _WORDS.findall(left), _WORDS.findall(right)
    starts_a, starts_b = _starts(a), _starts(b)
    found_a, found_b = [], []
    for kind, i1, i2, j1, j2 in operations(a, b, MAX_WORD_PAIRS):
        if kind == "equal":
            continue
        found_a += [(starts_a[i1], starts_a[i2])] if i2 > i1 else []
        found_b += [(starts_b[j1], starts_b[j2])] if j2 > j1 else []
    return tuple(found_a), tuple(found_b)


def operations(a: list[str], b: list[str], most_pairs: int) -> list[Operation]:
    """What makes `a` into `b`, in order and without gaps: (kind, from and to in `a`, from and to in `b`).

    Args:
        a: pieces of a text, such as words.
        b: pieces of the other.
        most_pairs: most pairs that are matched; beyond, all between what both begin and end with is one replacement.
    """
    head = _common(a, b)
    tail = _common(a[head:][::-1], b[head:][::-1])
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    inside: Sequence[Operation] = [("replace", 0, len(middle_a), 0, len(middle_b))]
    if len(middle_a) * len(middle_b) <= most_pairs:
        inside = difflib.SequenceMatcher(None, middle_a, middle_b, autojunk=False).get_opcodes()
    moved = [(kind, head + i1, head + i2, head + j1, head + j2) for kind, i1, i2, j1, j2 in inside]
    ends = len(a) - tail, len(b) - tail
    return [("equal", 0, head, 0, head), *moved, ("equal", ends[0], len(a), ends[1], len(b))]


def _starts(words: list[str]) -> list[int]:
    """Where each word begins, and where the last one ends."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts


def _common(a: list[str], b: list[str]) -> int:
    """How many lines are the same from the beginning."""
    same = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        same += 1
    return same
