"""MMR: near the question, and unlike what was chosen already, so that five passages do not say one thing.

Source: Carbonell and Goldstein 1998, “The use of MMR, diversity-based reranking for reordering documents and producing
summaries”. Knows nothing of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.documents.retrieval.modes import similarity
from core.documents.retrieval.modes.mode import Mode
from core.documents.retrieval.places import vectors_of
from core.documents.retrieval.ranking import Asked, Candidate, Desk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def rank(desk: Desk, asked: Sequence[Asked]) -> list[list[Candidate]]:
    """Candidates in the order in which they are chosen; the score is the value they were chosen for."""
    lists = similarity.rank(desk, asked)
    with desk.timed("search"):
        vectors = vectors_of(desk.collection, {each.id for candidates in lists for each in candidates})
    with desk.timed("fusion"):
        return [_chosen(candidates, vectors, desk.settings.mmr_lambda) for candidates in lists]


def _chosen(candidates: list[Candidate], vectors: dict[int, NDArray[np.float32]], mmr_lambda: float) -> list[Candidate]:
    import numpy as np

    candidates = [each for each in candidates if each.id in vectors]  # one may have been removed meanwhile
    if not candidates:
        return []
    matrix = np.stack([vectors[each.id] for each in candidates])
    near = np.array([each.score for each in candidates])
    found = []
    for at, (place, value) in enumerate(select(near, matrix, mmr_lambda), 1):
        each = candidates[place]
        found.append(Candidate(each.id, value, {**each.stages, "mmr": {"rank": at, "score": value}}))
    return found


def select(near: NDArray[np.floating], matrix: NDArray[np.floating], mmr_lambda: float) -> list[tuple[int, float]]:
    """All rows in the order in which MMR chooses them, each with the value it was chosen for.

    value = λ · near − (1 − λ) · (highest cosine with a row chosen before; 0 for the first). Never rises from one to the
    next as long as cosines are not negative. Of two equal rows the earlier one is chosen.

    Args:
        near: cosine of each row with the question, shape [n].
        matrix: the rows, of length 1, shape [n, dimension].
        mmr_lambda: 1 looks at the question only, 0 at variety only; then the first is still the nearest.
    """
    import numpy as np

    alike = matrix @ matrix.T
    worst = np.zeros(len(near))
    left = np.ones(len(near), dtype=bool)
    chosen: list[tuple[int, float]] = []
    for turn in range(len(near)):
        values = mmr_lambda * near - (1 - mmr_lambda) * worst
        weighed = near if turn == 0 else values
        place = int(np.argmax(np.where(left, weighed, -np.inf)))
        chosen.append((place, float(values[place])))
        left[place] = False
        worst = alike[place].astype(float) if turn == 0 else np.maximum(worst, alike[place])
    return chosen


MODE = Mode(
    "mmr",
    "MMR",
    "Near the question, and unlike the passages before: fewer passages that say the same.",
    vectors=True,
    rank=rank,
)
