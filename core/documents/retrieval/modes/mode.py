"""What a mode of retrieval is. Knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.documents.retrieval.ranking import Asked, Candidate, Desk


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to rank the chunks of a collection."""

    name: str
    title: str
    what: str
    """One sentence for a person."""
    vectors: bool
    """Whether it compares vectors, so that the question has to be encoded."""
    rank: Callable[[Desk, Sequence[Asked]], list[list[Candidate]]]
    """Candidates for each thing asked, best first."""
