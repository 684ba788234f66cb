"""The splitters by name. Adding one is adding a file like its siblings, a line here, and its name in the settings.

Each gets a `Part` and the settings, and returns spans in the part's positions, in order, that together cover all that
is visible, without blanks around them and none of more than `chunk_size` tokens (`none` excepted).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.documents.settings import SplitSettings, Splitter
from core.documents.spans import Span
from core.documents.splitting.part import Part
from core.documents.splitting.splitters import (
    fixed,
    heading,
    none,
    parent_child,
    recursive,
    semantic,
    sentence,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A splitter, and what a caller must know of it."""

    split: Callable[[Part, SplitSettings], list[Span]]
    whole: bool = False
    """Takes a document of any length at once; the others get it in parts."""
    overlaps: bool = False
    """Whether `chunk_overlap` means anything to it."""
    embeds: bool = False
    """Whether it computes vectors to find its borders."""


ENTRIES: dict[Splitter, Entry] = {
    "none": Entry(none.split, whole=True),
    "fixed": Entry(fixed.split, overlaps=True),
    "recursive": Entry(recursive.split, overlaps=True),
    "sentence": Entry(sentence.split, overlaps=True),
    "heading": Entry(heading.split),
    "semantic": Entry(semantic.split, embeds=True),
    "parent-child": Entry(parent_child.split, overlaps=True),
}
