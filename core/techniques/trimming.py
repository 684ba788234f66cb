"""Makes a prompt fit the context window: shortens observations, leaves examples out, and says every time what it did.

Knows nothing of tokenizers, it is told how to count; nothing of wording, it is told what can go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.techniques.examples import Example

SHORT = 120
"""Characters; an observation is not cut below this."""
CUT = " … (cut)"
CUT_MIDDLE = " … (cut) … "


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a prompt can be left out."""

    examples: tuple[Example, ...] = ()
    """In the order of the prompt: the first one, farthest from the question, goes first."""
    observations: tuple[str, ...] = ()
    """What tools said, oldest first."""


def fit(parts: Parts, count: Callable[[Parts], int | None], room: int | None) -> tuple[Parts, tuple[str, ...]]:
    """The parts that fit, and one sentence for everything that was left out.

    Observations are shortened first, the longest one first and to half each time; then examples go.

    Args:
        parts: what there is.
        count: tokens of the prompt made of these parts; `None` where only an endpoint can count.
        room: tokens that the prompt may have; `None` when nobody knows.
    """
    if room is None or (tokens := count(parts)) is None or tokens <= room:
        return parts, ()
    shortened: set[int] = set()
    left_out: list[Example] = []
    whole = tokens
    while tokens is not None and tokens > room:
        longest = max(range(len(parts.observations)), key=lambda n: len(parts.observations[n]), default=None)
        if longest is not None and len(parts.observations[longest]) > SHORT:
            shortened.add(longest)
            observations = list(parts.observations)
            observations[longest] = cut(observations[longest], max(SHORT, len(observations[longest]) // 2))
            parts = replace(parts, observations=tuple(observations))
        elif parts.examples:
            left_out.append(parts.examples[0])
            parts = replace(parts, examples=parts.examples[1:])
        else:
            break
        tokens = count(parts)
    why = f"the prompt had {whole:,} tokens and there is room for {room:,}"
    notes = [f"Observation {place + 1} is shortened: {why}." for place in sorted(shortened)]
    notes += [f"The example “{example.title}” is left out: {why}." for example in left_out]
    return parts, tuple(notes)


def cut(text: str, length: int) -> str:
    """At most `length` characters of `text`, and a note if that is not all."""
    return text if len(text) <= length else text[: max(0, length - len(CUT))].rstrip() + CUT


def cut_middle(text: str, length: int) -> str:
    """At most `length` characters of `text`: its beginning and its end, with a note between them."""
    if len(text) <= length:
        return text
    half = max(0, length - len(CUT_MIDDLE)) // 2
    return text[:half].rstrip() + CUT_MIDDLE + text[len(text) - half :].lstrip()
