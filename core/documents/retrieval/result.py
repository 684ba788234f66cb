"""What a search gives: passages in order, what was left out on the way and why, and how long each stage took.

Knows nothing of how it was searched.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from core.documents.hit import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A passage that one stage saw and a later one left out."""

    id: int
    """Of the chunk."""
    source: str
    """The document's path; "" where the document is gone."""
    page: int | None
    stage: str
    """Which stage left it out: "threshold", "rerank", "parent", "k" or "read"."""
    reason: str
    """One sentence."""
    rank: int
    """The place it had before, from 1."""
    score: float
    """The score it had at that place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """What a model made of the question before the search."""

    kind: str
    """"multi-query" or "hyde"."""
    model: str
    prompt: str
    """The whole prompt as the model saw it."""
    output: str
    """Its whole answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The passages that a question found, best first."""

    query: str
    hits: list[Hit]
    queries: list[str]
    """Every text that was searched with: the question first, then what a model made of it."""
    dropped: list[Dropped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """A sentence for everything a person should know: why nothing was found, which words no document has."""
    rewritings: list[Rewriting] = field(default_factory=list)
    timing: dict[str, float] = field(default_factory=dict)
    """Milliseconds of each stage that ran: rewrite_ms, encode_ms, search_ms, fusion_ms, threshold_ms, rerank_ms,
    read_ms and total_ms. Of many questions searched at once, each has its share."""

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
