"""How well chunks fit the passages that answer a question, where those are known to the character.

Definitions of Smith and Troynikov 2024, “Evaluating chunking strategies for retrieval” (Chroma), whose code counts
characters: of the chunks that a question finds, how much of the answering spans they cover (recall), how much of what
they hold belongs to these (precision; what two overlapping chunks hold counts twice), and both at once (IoU). Knows
nothing of searching.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.documents.measuring.question_sets import read_lines, wrong_line
from core.errors import InvalidInput

Ranges = list[tuple[int, int]]
"""Characters `[start, end)`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a question is answered."""

    document: str
    spans: tuple[tuple[int, int], ...]
    """Characters `[start, end)` of the document's text."""


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk that a question found."""

    document: str
    start: int
    end: int


def scores(answers: Sequence[Answer], chunks: Sequence[Found]) -> dict[str, float]:
    """Recall, precision and IoU of the chunks that one question found, each from 0 to 1."""
    wanted = {each.document: united([*each.spans]) for each in answers}
    covered = 0
    for document, spans in wanted.items():
        here = united([(each.start, each.end) for each in chunks if each.document == document])
        covered += sum(_overlap(span, chunk) for span in spans for chunk in here)
    total = sum(end - start for spans in wanted.values() for start, end in spans)
    held = sum(each.end - each.start for each in chunks)
    missed = total - covered
    return {
        "recall": covered / total if total else 0.0,
        "precision": covered / held if held else 0.0,
        "iou": covered / (held + missed) if held + missed else 0.0,
    }


def united(ranges: Ranges) -> Ranges:
    """The same characters as ranges in order that do not overlap."""
    found: Ranges = []
    for start, end in sorted(each for each in ranges if each[1] > each[0]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def read_spans(file: str | Path) -> dict[str, list[Answer]]:
    """Question → where it is answered; lines are `{"_id": "q1", "doc": "a", "spans": [[0, 12], …]}`.

    Raises:
        NotFound: there is no such file.
        InvalidInput: a line is malformed; the sentence names it.
    """
    found: dict[str, list[Answer]] = {}
    for number, line in read_lines(Path(file)):
        try:
            row: Any = json.loads(line)
            key, document = row["_id"], row["doc"]
            spans = tuple((start, end) for start, end in row["spans"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise wrong_line(file, number, 'is not like {"_id": "q1", "doc": "a", "spans": [[0, 12]]}') from None
        if not all(type(at) is int for span in spans for at in span) or not all(0 <= s < e for s, e in spans):
            raise wrong_line(file, number, "has a span that is not [start, end) in characters")
        if not spans:
            raise wrong_line(file, number, "has no span")
        found.setdefault(str(key), []).append(Answer(str(document), spans))
    if not found:
        raise InvalidInput(f"{Path(file).name} holds no spans.", "spans")
    return found


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
