"""Hybrid: the lists of similarity and keyword made one, by their scores or by their ranks.

By scores: weight · cosine / best cosine + (1 − weight) · BM25 / best BM25. What only one list has gets its true score
in the other one too, so that the result does not hang on how long the lists are. Bruch, Gai and Ingber 2023, “An
analysis of fusion functions for hybrid retrieval”, find a convex combination of scores better than reciprocal ranks. By
ranks: `fused`. Knows nothing of how each list is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.documents.retrieval.keywords.cache import index_of
from core.documents.retrieval.modes import keyword, similarity
from core.documents.retrieval.modes.mode import Mode
from core.documents.retrieval.places import vectors_of
from core.documents.retrieval.ranking import Asked, Candidate, Desk, fused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def rank(desk: Desk, asked: Sequence[Asked]) -> list[list[Candidate]]:
    """Candidates of both lists; `weight` is the similarity list's share, and a list without a share brings none."""
    near, sharing = similarity.rank(desk, asked), keyword.rank(desk, asked)
    weight = desk.settings.weight
    by_ranks = desk.settings.fusion == "rrf" or weight in (0, 1)
    vectors = {} if by_ranks else _missing_vectors(desk, near, sharing)
    with desk.timed("fusion"):
        if by_ranks:
            lists = zip(near, sharing, strict=True)
            return [fused("fusion", [one, other], [weight, 1 - weight], desk.settings.rrf_k) for one, other in lists]
        index = index_of(desk.collection)
        found = []
        for each, one, other in zip(asked, near, sharing, strict=True):
            bm25 = index.scores_of(each.text, [candidate.id for candidate in one])
            found.append(combined(one, other, _cosines(each, other, vectors), bm25, weight))
        return found


def combined(
    near: Sequence[Candidate],
    sharing: Sequence[Candidate],
    cosines: Mapping[int, float],
    bm25: Mapping[int, float],
    weight: float,
) -> list[Candidate]:
    """One list by weighted scores, from 0 to 1; of two equal ones that of the similarity list comes first.

    Args:
        near: the similarity list; its first has the best cosine.
        sharing: the keyword list; its first has the best BM25 score.
        cosines: of chunks that the similarity list lacks; those that are missing count as 0.
        bm25: of chunks that the keyword list lacks, likewise.
        weight: share of the cosine.
    """
    best_cosine = max(near[0].score, 0.0) if near else 0.0
    best_bm25 = sharing[0].score if sharing else 0.0
    cosine = {**cosines, **{each.id: each.score for each in near}}
    words = {**bm25, **{each.id: each.score for each in sharing}}
    known = {each.id: each for each in [*reversed(sharing), *reversed(near)]}
    scores = {
        chunk: weight * _share(cosine.get(chunk, 0.0), best_cosine)
        + (1 - weight) * _share(words.get(chunk, 0.0), best_bm25)
        for chunk in dict.fromkeys([each.id for each in near] + [each.id for each in sharing])
    }
    ranked = (
        {each.id: each.stages["similarity"] for each in near},
        {each.id: each.stages["keyword"] for each in sharing},
    )
    found = []
    for place, (chunk, score) in enumerate(sorted(scores.items(), key=lambda item: -item[1]), 1):
        stages = dict(known[chunk].stages)
        stages["similarity"] = ranked[0].get(chunk) or {"score": cosine.get(chunk, 0.0)}
        stages["keyword"] = ranked[1].get(chunk) or {"score": words.get(chunk, 0.0)}
        found.append(Candidate(chunk, score, {**stages, "fusion": {"rank": place, "score": score}}))
    return found


def _share(score: float, best: float) -> float:
    return max(score, 0.0) / best if best > 0 else 0.0


def _missing_vectors(
    desk: Desk, near: Sequence[Sequence[Candidate]], sharing: Sequence[Sequence[Candidate]]
) -> dict[int, NDArray[np.float32]]:
    """Vectors of what some keyword list has and its similarity list lacks."""
    wanted: set[int] = set()
    for one, other in zip(near, sharing, strict=True):
        wanted |= {each.id for each in other} - {each.id for each in one}
    with desk.timed("search"):
        return vectors_of(desk.collection, wanted) if wanted else {}


def _cosines(
    asked: Asked, sharing: Sequence[Candidate], vectors: Mapping[int, NDArray[np.float32]]
) -> dict[int, float]:
    if asked.vector is None:
        return {}
    return {each.id: float(vectors[each.id] @ asked.vector) for each in sharing if each.id in vectors}


MODE = Mode(
    "hybrid",
    "Hybrid",
    "Both lists made one by their scores or ranks: what either finds high comes high.",
    vectors=True,
    rank=rank,
)
