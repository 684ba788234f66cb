"""Candidates in order: what modes make and later stages shorten. Knows nothing of texts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.documents.retrieval.filters import Where
from core.documents.settings import RetrievalSettings
from core.store.collections import CollectionRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Stages = dict[str, dict[str, float]]


@dataclass(slots=True)
class Candidate:
    """A chunk that may become a hit."""

    id: int
    score: float
    """Of the latest stage; higher is better."""
    stages: Stages = field(default_factory=dict)
    """For each stage that saw it: its rank (from 1) and its score."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing to search for."""

    text: str
    """Whose words are looked for."""
    vector: NDArray[np.float32] | None
    """What is near is looked for; shape [dimension]. `None` where no stage compares vectors."""


@dataclass(slots=True)
class Desk:
    """What every stage of one search works with."""

    collection: CollectionRow
    settings: RetrievalSettings
    where: Where | None
    cancel: threading.Event = field(default_factory=threading.Event)
    seconds: dict[str, float] = field(default_factory=dict)
    """Spent in each stage."""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the time of a block for `stage`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began

    @property
    def depth(self) -> int:
        """How many candidates each list brings: enough for what comes after it."""
        settings = self.settings
        needed = settings.k * (4 if self.by_parent else 1)
        later = settings.rerank or settings.rewrite == "multi-query" or settings.threshold is not None
        return max(needed, settings.candidates) if later or settings.mode in ("mmr", "hybrid") else needed

    @property
    def by_parent(self) -> bool:
        """Whether several chunks of the collection may be read as one."""
        return '"parent-child"' in self.collection.splitter


def staged(stage: str, found: Iterable[tuple[int, float]]) -> list[Candidate]:
    """Ids and scores in order as candidates of `stage`."""
    return [
        Candidate(chunk, score, {stage: {"rank": rank, "score": score}}) for rank, (chunk, score) in enumerate(found, 1)
    ]


def fused(stage: str, lists: Sequence[Sequence[Candidate]], weights: Sequence[float], rrf_k: int) -> list[Candidate]:
    """One list of several by weighted reciprocal rank fusion: score = Σ weight / (rrf_k + rank).

    A candidate that a list lacks gets nothing from it; a list of weight 0 brings none. Of two equal ones that of the
    earlier list comes first. What earlier stages said is kept, of two lists that of the earlier one.

    Source: Cormack, Clarke and Büttcher 2009, “Reciprocal rank fusion outperforms Condorcet and individual rank
    learning methods”.
    """
    scores: dict[int, float] = {}
    stages: dict[int, Stages] = {}
    for candidates, weight in zip(lists, weights, strict=True):
        if weight == 0:
            continue
        for rank, each in enumerate(candidates, 1):
            scores[each.id] = scores.get(each.id, 0.0) + weight / (rrf_k + rank)
            stages[each.id] = {**each.stages, **stages.get(each.id, {})}
    ordered = sorted(scores.items(), key=lambda item: -item[1])  # stable: earlier lists and ranks were put in first
    return [
        Candidate(chunk, score, {**stages[chunk], stage: {"rank": rank, "score": score}})
        for rank, (chunk, score) in enumerate(ordered, 1)
    ]
