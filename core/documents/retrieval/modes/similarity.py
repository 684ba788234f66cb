"""Similarity: the chunks whose vectors have the highest cosine with the question's. Knows nothing of words."""

from __future__ import annotations

from collections.abc import Sequence

from core.documents.retrieval.modes.mode import Mode
from core.documents.retrieval.ranking import Asked, Candidate, Desk, staged


def rank(desk: Desk, asked: Sequence[Asked]) -> list[list[Candidate]]:
    """Candidates by cosine, highest first."""
    import numpy as np

    from core.documents.index import nearest

    vectors = [each.vector for each in asked if each.vector is not None]
    if not vectors:
        return [[] for _ in asked]
    with desk.timed("search"):
        found = nearest(desk.collection, np.stack(vectors), desk.depth, desk.where)
    return [staged("similarity", each) for each in found]


MODE = Mode(
    "similarity",
    "Similarity",
    "Passages whose meaning is near the question's: the cosine of their vectors.",
    vectors=True,
    rank=rank,
)
