"""Fits passages into the context window: how many tokens they may have, which are read, which are left out and why.

Passages are taken by rank until one does not fit: that one and all below it are left out. A passage whose context is
too long is read as the chunk alone, and the best one is cut rather than lost. Knows nothing of prompts or tokenizers:
it is told how to count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.documents.answering.passages import Passage

LEAST = 40
"""Characters; a passage is not cut below this."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Where the tokens of the context window go."""

    context_length: int | None
    """Tokens that prompt and answer may have together; `None` when nobody knows."""
    max_tokens: int
    """Kept for the answer."""
    rest: int | None
    """Wording, question and history."""
    room: int | None
    """Left for passages."""
    used: int | None
    """Taken by passages."""
    estimated: bool = False
    """Whether tokens are estimated: only the endpoint can count."""

    def as_data(self) -> dict[str, Any]:
        """Plain values for a step."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """For a person."""
        if self.context_length is None or self.room is None:
            return "Nobody knows the model's context window: every passage is sent."
        about = "about " if self.estimated else ""
        return (
            f"{about}{self.used or 0:,} of {self.room:,} tokens used by passages: {self.context_length:,} in the "
            f"window − {self.max_tokens:,} for the answer − {self.rest or 0:,} for wording, question and history."
        )


def fit(
    passages: Sequence[Passage],
    count: Callable[[Sequence[Passage]], int | None],
    room: int | None,
) -> tuple[list[Passage], int | None]:
    """All passages, those that fit marked as used, and the tokens of the prompt with them.

    Args:
        passages: by rank.
        count: tokens of the whole prompt with these passages; `None` where nobody can count.
        room: tokens that the whole prompt may have; `None` when nobody knows.
    """
    empty = count([])
    if empty is None:
        return list(passages), None
    alone = [(count([each]) or empty) - empty for each in passages]
    sized = [each.model_copy(update={"tokens": tokens}) for each, tokens in zip(passages, alone, strict=True)]
    if room is None:
        return sized, count(sized)
    used: list[Passage] = []
    total = empty
    for passage in sized:
        fitting, tokens = _fitted(passage, used, count, room, cut=not used)
        if fitting is None:
            break
        used.append(fitting)
        total = tokens
    left_out = [
        passage.model_copy(update={"used": False, "why": _why(passage, total, room)}) for passage in sized[len(used) :]
    ]
    return [*used, *left_out], total


def _fitted(
    passage: Passage,
    before: list[Passage],
    count: Callable[[Sequence[Passage]], int | None],
    room: int,
    *,
    cut: bool,
) -> tuple[Passage | None, int]:
    """The passage as it fits after those before it, and the tokens of the whole; `None` when it does not."""
    if (tokens := count([*before, passage]) or 0) <= room:
        return passage, tokens
    if passage.context_start != passage.start or passage.context_end != passage.end:
        small = _read_alone(passage, passage.start, passage.end, "Its context did not fit: only the chunk is read.")
        if (tokens := count([*before, small]) or 0) <= room:
            return small.model_copy(update={"tokens": tokens - (count(before) or 0)}), tokens
        passage = small
    if not cut:
        return None, 0
    low, high = 0, len(passage.context)  # most characters that fit
    while low < high:
        middle = (low + high + 1) // 2
        if (count([_shortened(passage, middle)]) or 0) <= room:
            low = middle
        else:
            high = middle - 1
    if low < LEAST:
        return None, 0
    short = _shortened(passage, low)
    tokens = count([short]) or 0
    return short.model_copy(update={"tokens": tokens - (count([]) or 0)}), tokens


def _shortened(passage: Passage, length: int) -> Passage:
    """The first `length` characters of what is read, cut between two words where there are any."""
    kept = passage.context[:length]
    blank = kept.rfind(" ")
    if length < len(passage.context) and blank > length // 2:
        kept = kept[:blank]
    return passage.model_copy(
        update={
            "context": kept,
            "context_end": passage.context_start + len(kept),
            "why": f"It did not fit: the first {len(kept):,} of {len(passage.context):,} characters are read.",
        }
    )


def _read_alone(passage: Passage, start: int, end: int, why: str) -> Passage:
    return passage.model_copy(update={"context": passage.quote, "context_start": start, "context_end": end, "why": why})


def _why(passage: Passage, total: int, room: int) -> str:
    return (
        f"It did not fit: it has {passage.tokens or 0:,} tokens, and {max(0, room - total):,} were left after the "
        "passages above it."
    )
