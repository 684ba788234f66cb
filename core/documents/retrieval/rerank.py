"""Reranking: a CrossEncoder reads question and passage together and puts the candidates in a new order.

Slower than comparing vectors, since nothing can be computed before the question is known, and better at it. Scores are
the model's own: many are not between 0 and 1. Knows nothing of how candidates were found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.documents.retrieval.ranking import Candidate


def reranked(ref: str, query: str, candidates: Sequence[Candidate], texts: Mapping[int, str]) -> list[Candidate]:
    """The candidates by the reranker's score, highest first; of two equal ones the one that came first.

    Args:
        ref: reference of the model.
        query: the question.
        candidates: those to put in order.
        texts: of each of them, by id.

    Raises:
        LoupeError: the model is not there or cannot be loaded.
    """
    from core.models.embedders import get_reranker

    if not candidates:
        return []
    scores = get_reranker(ref).score(query, [texts[each.id] for each in candidates])
    pairs = sorted(zip(candidates, scores.tolist(), strict=True), key=lambda pair: -pair[1])
    return [
        Candidate(each.id, score, {**each.stages, "rerank": {"rank": rank, "score": score}})
        for rank, (each, score) in enumerate(pairs, 1)
    ]
