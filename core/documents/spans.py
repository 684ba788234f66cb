"""A chunk before it is stored: where it lies in its document's text.

Knows nothing of how it was found.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """The characters `[start, end)`, and what is read around them when they are found (parent–child)."""

    start: int
    end: int
    parent_start: int | None = None
    parent_end: int | None = None
