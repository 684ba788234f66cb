"""Retrieval of one collection with one set of settings against a set of questions: metrics with intervals, times.

Knows nothing of where the questions come from.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.documents.measuring.metrics import measured
from core.documents.measuring.question_sets import Question, QuestionSet
from core.documents.retrieval.pipeline import Ranking, run
from core.documents.retrieval.places import documents_of
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from core.statistics.bootstrap import interval
from core.store import collections, documents

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 32
TIMED = 20
"""Questions that are searched one by one for the time of a query."""
Progress = Callable[[int, int], None]
"""Called with questions done and questions in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question and what it found."""

    id: str
    text: str
    values: dict[str, float]
    """By metric."""
    ranking: list[str]
    """The documents that were found, best first, at most k."""
    relevant: list[str]
    """The documents that should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How well a collection is searched."""

    collection: str
    settings: RetrievalSettings
    k: int
    items: list[Item]
    means: dict[str, float]
    """By metric, 0 to 1, over all questions."""
    ci95: dict[str, tuple[float, float]]
    """By metric, the 95 % bootstrap interval of the mean over questions."""
    ms_per_query: float
    """Median of a few searches one by one, everything included, the model warm."""
    seconds: float
    """Of the whole measurement."""
    notes: list[str] = field(default_factory=list)
    cancelled: bool = False

    def as_json(self, *, items: bool = False) -> dict[str, Any]:
        """Plain data: `n`, a value for each metric, `ci95`, `ms_per_query`, and more."""
        document = {
            "collection": self.collection,
            "mode": self.settings.mode,
            "n": len(self.items),
            **self.means,
            "ci95": {name: list(bounds) for name, bounds in self.ci95.items()},
            "ms_per_query": self.ms_per_query,
            "seconds": self.seconds,
            "notes": list(self.notes),
            "settings": self.settings.model_dump(),
        }
        if items:
            document["items"] = [
                {"id": i.id, "text": i.text, **i.values, "ranking": i.ranking, "relevant": i.relevant}
                for i in self.items
            ]
        return document


def measure(
    collection: str,
    questions: QuestionSet,
    settings: RetrievalSettings,
    k: int = 10,
    *,
    cancel: threading.Event | None = None,
    progress: Progress | None = None,
    vectors: dict[str, NDArray[np.float32]] | None = None,
) -> Measured:
    """Search for every question and compare what is found with what should be.

    The ranking is that of `search` with the same settings: chunks in their order, a document at the place of its best
    chunk, until there are `k` documents. A document is known by its metadata `_id`, else by its path. One whose id is
    the question's own is passed over unless it is judged relevant, as BEIR passes it over.

    Args:
        collection: its name.
        questions: with their judgements.
        settings: how to search; `settings.k` counts chunks and plays no part here.
        k: documents that count.
        cancel: when set, it ends with the questions that are done.
        progress: told after every batch.
        vectors: of questions, by their text, under the collection's model; filled, so that a second measurement with
            other settings need not encode them again.

    Raises:
        NotFound: there is no such collection.
        InvalidInput: none of the relevant documents is in the collection, or k is out of range.
        LoupeError: a model failed.
    """
    if not 1 <= k <= 1000:
        raise InvalidInput(f"k is {k}: it must be from 1 to 1,000.", "k")
    cancel, began = cancel or threading.Event(), time.perf_counter()
    row = collections.get(collection)
    names = Names(row.id)
    notes = [*questions.notes, *names.notes(questions.questions, row.name)]
    vectors = {} if vectors is None else vectors
    items: list[Item] = []
    for first in range(0, len(questions.questions), BATCH):
        some = questions.questions[first : first + BATCH]
        rankings = rank_documents(collection, some, settings, k, names, cancel, vectors)
        if cancel.is_set():
            break
        for question, ranking in zip(some, rankings, strict=True):
            relevant = [each for each, grade in question.judged.items() if grade > 0]
            values = measured(ranking, question.judged, k)
            items.append(
                Item(id=question.id, text=question.text, values=values, ranking=ranking[:k], relevant=relevant)
            )
        if progress:
            progress(len(items), len(questions.questions))
    columns = {name: [item.values[name] for item in items] for name in measured([], {}, k)} if items else {}
    ms = _milliseconds(collection, questions.questions, settings, cancel) if items else 0.0
    return Measured(
        collection=row.name,
        settings=settings,
        k=k,
        items=items,
        means={name: statistics.fmean(values) for name, values in columns.items()},
        ci95={name: interval(values) for name, values in columns.items()},
        ms_per_query=ms,
        seconds=time.perf_counter() - began,
        notes=notes + (["The measurement was cancelled; it covers the questions before that."] * cancel.is_set()),
        cancelled=cancel.is_set(),
    )


class Names:
    """What documents of a collection are called in a question set: their `_id`, else their path."""

    def __init__(self, collection: str) -> None:
        rows = documents.list_documents(collection)
        self.of = {row.id: str(row.metadata.get("_id", "")) or row.path for row in rows}

    def notes(self, questions: Sequence[Question], collection: str) -> list[str]:
        """What is wrong between a question set and the collection.

        Raises:
            InvalidInput: none of the relevant documents is here.
        """
        here = set(self.of.values())
        wanted = {name for each in questions for name, grade in each.judged.items() if grade > 0}
        missing = wanted - here
        if len(missing) == len(wanted):
            known = f"such as {min(here)[:60]!r}" if here else "and it is empty"
            raise InvalidInput(
                f"None of the {len(wanted):,} relevant documents, such as {min(wanted)[:60]!r}, is in the collection "
                f"“{collection}” ({known}); do the questions belong to it?",
                "qrels",
            )
        found = []
        if missing:
            found.append(
                f"{len(missing):,} of the {len(wanted):,} relevant documents are not in the collection, such as "
                f"{min(missing)[:60]!r}; they count as not found."
            )
        if double := len(self.of) - len(here):
            found.append(f"{double:,} documents share their _id with another one and count as one.")
        return found


def rank_documents(
    collection: str,
    questions: Sequence[Question],
    settings: RetrievalSettings,
    k: int,
    names: Names,
    cancel: threading.Event | None = None,
    vectors: dict[str, NDArray[np.float32]] | None = None,
) -> list[list[str]]:
    """For each question the names of at least `k` documents, best first, or of all that are found.

    Several chunks may be of one document: where the first lists hold fewer than `k` documents, longer ones are asked
    for, and what they add comes after what is there.
    """
    depth = max(k + 1, settings.candidates)  # one more: the question itself may be a document
    if settings.mode == "mmr" and settings.rerank:
        depth = k  # what MMR has chosen is all that the reranker sees
    ranked = _ranked(collection, questions, settings, depth, names, cancel, vectors)
    while not settings.rerank and not (cancel and cancel.is_set()):
        short = [
            at
            for at, (found, chunks) in enumerate(ranked)
            if len(found) < k and chunks >= depth and settings.threshold is None
        ]
        if not short or depth >= 1000:
            break
        depth = min(depth * 4, 1000)
        more = _ranked(collection, [questions[at] for at in short], settings, depth, names, cancel, vectors)
        for at, (found, chunks) in zip(short, more, strict=True):
            ranked[at] = list(dict.fromkeys([*ranked[at][0], *found])), chunks
    return [found for found, _ in ranked]


def _ranked(
    collection: str,
    questions: Sequence[Question],
    settings: RetrievalSettings,
    depth: int,
    names: Names,
    cancel: threading.Event | None,
    vectors: dict[str, NDArray[np.float32]] | None,
) -> list[tuple[list[str], int]]:
    """Documents in order, and from how many chunks."""
    asked = settings.model_copy(update={"k": depth})
    found: Ranking = run(collection, [each.text for each in questions], asked, cancel, read=False, vectors=vectors)
    of = documents_of(found.desk.collection, {each.id for ranked in found.ranked for each in ranked})
    rankings = []
    for question, ranked in zip(questions, found.ranked, strict=True):
        ordered = dict.fromkeys(names.of[of[each.id]] for each in ranked if of.get(each.id) in names.of)
        if question.id not in question.judged:
            ordered.pop(question.id, None)
        rankings.append((list(ordered), len(ranked)))
    return rankings


def _milliseconds(
    collection: str, questions: Sequence[Question], settings: RetrievalSettings, cancel: threading.Event
) -> float:
    step = max(1, len(questions) // TIMED)
    times: list[float] = []
    for question in questions[::step][:TIMED]:
        began = time.perf_counter()
        run(collection, [question.text], settings, cancel, read=True)
        times.append(1000 * (time.perf_counter() - began))
        if sum(times) > 60_000 or cancel.is_set():  # a rewriting model may take seconds a question
            break
    return statistics.median(times)
