"""How a text will be cut, before anything is embedded: every chunk's place and size, and what a person should know.

Embeds nothing, except that the semantic splitter needs the vectors of the sentences to find its borders; the preview
says so. Knows nothing of how it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from core.documents.settings import SplitSettings
from core.documents.spans import Span
from core.documents.splitting.splitters import ENTRIES

if TYPE_CHECKING:
    from core.models.embedders import Embedder

BINS = 24
TINY = 8
"""Tokens below which a chunk says too little to be found by."""
MANY_TINY = 0.2
WIDTHS = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewChunk:
    """One chunk as it would be stored: the characters `[start, end)` of the text."""

    start: int
    end: int
    tokens: int
    """As the embedding model counts them, without its own marks."""
    overlap_before: int
    """Tokens it shares with the chunk before."""
    fresh: int
    """Where what the chunk before does not hold begins; `start` where they share nothing."""
    too_long: bool
    """Whether the embedding model does not read all of it."""
    parent_start: int | None = None
    parent_end: int | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of the histogram: `count` chunks of `low` to `high` tokens, both included."""

    low: int
    high: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The chunks of a text."""

    chunks: tuple[PreviewChunk, ...]
    histogram: tuple[Bin, ...]
    warnings: tuple[str, ...]
    """What should be changed, a sentence each."""
    notes: tuple[str, ...]
    """What should be known, a sentence each."""


def preview(text: str, kind: str, settings: SplitSettings, embedder: Embedder) -> Preview:
    """How `text` will be cut.

    Args:
        text: all of it, or as much as is to be shown.
        kind: such as "markdown", as a loader says it.
        settings: which splitter, and its sizes.
        embedder: counts the tokens; the semantic splitter also embeds with it.

    Raises:
        ModelFailed, OutOfMemory, EndpointError: the semantic splitter could not embed the sentences.
    """
    from core.documents.splitting import split

    spans = split(text, settings, embedder, kind=kind)
    counts = embedder.count([text[span.start : span.end] for span in spans])
    shared = embedder.count([text[after.start : max(before.end, after.start)] for before, after in pairwise(spans)])
    limit = None if embedder.max_tokens is None else embedder.max_tokens - embedder.special_tokens
    chunks = tuple(
        PreviewChunk(
            start=span.start,
            end=span.end,
            tokens=count,
            overlap_before=overlap,
            fresh=max(span.start, before),
            too_long=limit is not None and count > limit,
            parent_start=span.parent_start,
            parent_end=span.parent_end,
        )
        for span, count, overlap, before in zip(spans, counts, [0, *shared], [0, *_ends(spans)], strict=False)
    )
    return Preview(
        chunks=chunks,
        histogram=histogram(counts),
        warnings=tuple(_warnings(chunks, settings, embedder)),
        notes=tuple(_notes(text, kind, settings, embedder)),
    )


def histogram(counts: Sequence[int]) -> tuple[Bin, ...]:
    """Sizes in some twenty bars of equal, round width; from the bar of the smallest to that of the largest."""
    if not counts:
        return ()
    width = _round_width((max(counts) - min(counts) + 1) / BINS)
    first, last = min(counts) // width, max(counts) // width
    bars = [0] * (last - first + 1)
    for count in counts:
        bars[count // width - first] += 1
    return tuple(Bin((first + bar) * width, (first + bar + 1) * width - 1, n) for bar, n in enumerate(bars))


def _round_width(least: float) -> int:
    scale = 1
    while True:
        for width in WIDTHS:
            if width * scale >= least:
                return width * scale
        scale *= 10


def _ends(spans: Sequence[Span]) -> list[int]:
    return [span.end for span in spans]


def _warnings(chunks: Sequence[PreviewChunk], settings: SplitSettings, embedder: Embedder) -> list[str]:
    found = []
    if long := sum(chunk.too_long for chunk in chunks):
        advice = "choose a splitter" if settings.splitter == "none" else "lower chunk_size"
        verb, them = ("exceeds", "it") if long == 1 else ("exceed", "them")
        found.append(
            f"{long:,} of {_plural(len(chunks), 'chunk')} {verb} the {embedder.max_tokens:,} tokens that "
            f"{embedder.name} reads ({embedder.special_tokens} of them are its own marks); the rest of {them} has no "
            f"influence on search; {advice}."
        )
    tiny = sum(chunk.tokens < TINY for chunk in chunks)
    if len(chunks) > 1 and tiny > MANY_TINY * len(chunks):
        found.append(
            f"{tiny:,} of {len(chunks):,} chunks have fewer than {TINY} tokens and say little when they are found; "
            "choose the recursive splitter."
        )
    return found


def _notes(text: str, kind: str, settings: SplitSettings, embedder: Embedder) -> list[str]:
    from core.documents.splitting.headings import headings

    found = []
    if ENTRIES[settings.splitter].embeds:
        found.append(f"To find where the subject changes, the sentences were embedded with {embedder.name}.")
    if settings.chunk_overlap and not ENTRIES[settings.splitter].overlaps:
        found.append(f"The splitter {settings.splitter} has no overlap; chunk_overlap is not used.")
    if settings.splitter == "heading" and not headings(text, kind):
        found.append("There are no headings in this text; it is cut as the recursive splitter would, without overlap.")
    if embedder.max_tokens is None:
        found.append(
            f"How much {embedder.name} reads of a text is not known here, and its tokens are counted approximately."
        )
    return found


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
