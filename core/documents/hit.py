"""A passage that was found, and how it came to its place. Knows nothing of how it was searched."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.documents.extracted import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One chunk of a collection, found by a query. `text` is the document's text from `start` to `end`."""

    id: int
    """Of the chunk."""
    document: int
    score: float
    """Higher is better; comparable within one mode only."""
    text: str
    source: str
    """The document's path in its collection."""
    title: str
    page: int | None
    page_label: str = ""
    start: int
    end: int
    context: str
    """What a model reads: the parent's text in a parent–child collection, else `text`."""
    context_start: int
    context_end: int
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    """For each stage that saw it, such as "similarity", "keyword", "fusion", "rerank": its rank (from 1) and score."""
    metadata: dict[str, Scalar] = field(default_factory=dict)
