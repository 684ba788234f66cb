"""How good a ranking is: nDCG, MRR, recall and hit at k, as trec_eval and BEIR define them.

A ranking is a list of documents, best first; judgements say how relevant documents are to a question. Knows nothing of
collections.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Judgements = Mapping[str, int]
"""Document → relevance; 0 or less, like a document that is not named, is not relevant."""


def ndcg(ranking: Sequence[str], judged: Judgements, k: int) -> float:
    """Normalised discounted cumulative gain: Σ relevance / log2(rank + 1) over the first `k`, by the best possible one.

    Source: Järvelin and Kekäläinen 2002, with the relevance itself as the gain, as trec_eval's ndcg_cut (which BEIR
    reports) has it.

    Returns:
        0 to 1; 0 where nothing is relevant.
    """
    gains = [max(0, judged.get(each, 0)) for each in ranking[:k]]
    best = sorted((each for each in judged.values() if each > 0), reverse=True)[:k]
    return _discounted(gains) / _discounted(best) if best else 0.0


def mrr(ranking: Sequence[str], judged: Judgements, k: int) -> float:
    """Reciprocal rank of the first relevant document among the first `k`; 0 where there is none."""
    return next((1 / rank for rank, each in enumerate(ranking[:k], 1) if judged.get(each, 0) > 0), 0.0)


def recall(ranking: Sequence[str], judged: Judgements, k: int) -> float:
    """Share of all relevant documents that is among the first `k`; 0 where nothing is relevant."""
    relevant = {each for each, grade in judged.items() if grade > 0}
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def hit(ranking: Sequence[str], judged: Judgements, k: int) -> float:
    """1 where any relevant document is among the first `k`, else 0."""
    return float(any(judged.get(each, 0) > 0 for each in ranking[:k]))


METRICS: dict[str, Callable[[Sequence[str], Judgements, int], float]] = {
    "ndcg": ndcg,
    "mrr": mrr,
    "recall": recall,
    "hit": hit,
}


def measured(ranking: Sequence[str], judged: Judgements, k: int) -> dict[str, float]:
    """Every metric of one ranking, named as in `ndcg@10`."""
    return {f"{name}@{k}": metric(ranking, judged, k) for name, metric in METRICS.items()}


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
