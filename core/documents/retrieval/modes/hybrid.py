"""Hybrid: the lists of similarity and keyword made one by reciprocal rank fusion. Knows nothing of how each is made."""

from __future__ import annotations

from collections.abc import Sequence

from core.documents.retrieval.modes import keyword, similarity
from core.documents.retrieval.modes.mode import Mode
from core.documents.retrieval.ranking import Asked, Candidate, Desk, fused


def rank(desk: Desk, asked: Sequence[Asked]) -> list[list[Candidate]]:
    """Candidates by their places in the two lists; `weight` is the similarity list's share."""
    near, sharing = similarity.rank(desk, asked), keyword.rank(desk, asked)
    weight = desk.settings.weight
    with desk.timed("fusion"):
        return [
            fused("fusion", [one, other], [weight, 1 - weight], desk.settings.rrf_k)
            for one, other in zip(near, sharing, strict=True)
        ]


MODE = Mode(
    "hybrid",
    "Hybrid",
    "Both lists made one by reciprocal rank fusion: what either finds high comes high.",
    vectors=True,
    rank=rank,
)
