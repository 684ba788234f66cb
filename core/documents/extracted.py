"""What a loader gives: the text of a document and where its pages are.

Knows nothing of file formats, of splitting or of the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page (slide, sheet, chapter) as the characters `[start, end)` of the text."""

    number: int
    """From 1."""
    start: int
    end: int
    label: str = ""
    """What a person calls it where that is not its number: the name of a sheet, a chapter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The text of one document. Every offset anywhere counts characters (code points) of `text`.

    `text` is valid Unicode without NUL and lone surrogates, and its only line end is the line feed: what the store
    keeps is what was split.
    """

    key: str = ""
    """Which part of the source: a member of an archive, the `_id` of a row; "" for a whole file."""
    kind: str
    """By content, such as "pdf", "docx", "markdown"; also chooses what the heading splitter looks for."""
    title: str
    text: str
    pages: tuple[Page, ...] = ()
    """In order, not overlapping; empty where the format has none."""
    metadata: dict[str, Scalar] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """A sentence for everything a person should know: a page without text, rows that were passed over."""
    digest: str = ""
    """SHA-256 of the bytes it came from, in hex."""
    size: int = 0
    """Of those bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A part of a source that could not be read, while the rest could."""

    key: str
    reason: str
    """One sentence."""
