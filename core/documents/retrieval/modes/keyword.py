"""Keyword: the chunks that share the question's rarer words, by BM25. Knows nothing of vectors."""

from __future__ import annotations

from collections.abc import Sequence

from core.documents.retrieval.keywords.cache import index_of
from core.documents.retrieval.modes.mode import Mode
from core.documents.retrieval.places import allowed
from core.documents.retrieval.ranking import Asked, Candidate, Desk, staged


def rank(desk: Desk, asked: Sequence[Asked]) -> list[list[Candidate]]:
    """Candidates by BM25 score, highest first; a chunk without any of the words is none."""
    with desk.timed("search"):
        index = index_of(desk.collection)
        mask = None if desk.where is None else allowed(desk.collection, desk.where, index.ids)
        return [staged("keyword", index.best(each.text, desk.depth, mask)) for each in asked]


MODE = Mode(
    "keyword",
    "Keyword",
    "Passages that share the question's words, rarer words counting more: BM25.",
    vectors=False,
    rank=rank,
)
