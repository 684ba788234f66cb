"""What Search asks of a collection of documents, whatever keeps them.

Knows no kind of collection: each has a file of its own beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.tools.page import Page


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found, and the passage of it that fits best."""

    page: Page
    passage: str
    score: float
    """Higher is better; comparable within one search only."""
    exact: bool = False
    """Whether the query is the document's title."""


class Collection(Protocol):
    """Documents that can be searched."""

    name: str
    notes: tuple[str, ...]
    """One sentence for everything that could not be read."""

    def search(self, query: str, k: int) -> Sequence[Hit]:
        """The `k` best documents, best first, each once: one whose title is the query comes first.

        Empty when nothing in the collection fits.
        """

    def similar(self, title: str, k: int) -> Sequence[str]:
        """Titles that are spelt like `title`, nearest first."""
