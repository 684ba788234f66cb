"""Retrieval against answers that are known to the character: how well a collection's chunks fit them.

Knows nothing of splitters: it measures the chunks that are there.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.documents.measuring.measurement import BATCH, Names, Progress
from core.documents.measuring.spans import Answer, Found, scores
from core.documents.retrieval import search_many
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from core.statistics.bootstrap import interval
from core.store import collections, documents


@dataclass(frozen=True, slots=True, kw_only=True)
class SpansMeasured:
    """How well chunks fit the answers."""

    collection: str
    settings: RetrievalSettings
    items: dict[str, dict[str, float]]
    """Question → recall, precision, iou."""
    means: dict[str, float]
    ci95: dict[str, tuple[float, float]]

    def as_json(self) -> dict[str, Any]:
        """Plain data: `n`, recall, precision and iou of spans, `ci95`."""
        return {
            "collection": self.collection,
            "mode": self.settings.mode,
            "k": self.settings.k,
            "n": len(self.items),
            **{f"span_{name}": value for name, value in self.means.items()},
            "ci95": {f"span_{name}": list(bounds) for name, bounds in self.ci95.items()},
            "settings": self.settings.model_dump(),
        }


def measure_spans(
    collection: str,
    questions: Mapping[str, str],
    answers: Mapping[str, Sequence[Answer]],
    settings: RetrievalSettings,
    *,
    cancel: threading.Event | None = None,
    progress: Progress | None = None,
) -> SpansMeasured:
    """Search for every question that has spans and compare the first `settings.k` chunks with them.

    What a chunk covers is what is read: of a parent–child collection the parent. Spans count from the beginning of a
    corpus row's own text; that a title stands before it in the collection is allowed for.

    Args:
        collection: its name.
        questions: id → text.
        answers: id → spans.
        settings: how to search, and how many chunks.
        cancel: when set, it ends with what is done.
        progress: told after every batch.

    Raises:
        NotFound: there is no such collection.
        InvalidInput: no question has spans, or their documents are not in the collection.
    """
    row = collections.get(collection)
    names, shifts = Names(row.id), _shifts(row.id)
    asked = [(each, text) for each, text in questions.items() if answers.get(each)]
    if not asked:
        raise InvalidInput("No question has spans; do the two files belong together?", "spans")
    wanted = {answer.document for each, _ in asked for answer in answers[each]}
    if not wanted & set(names.of.values()):
        raise InvalidInput(
            f"None of the documents of the spans, such as {min(wanted)[:60]!r}, is in the collection “{row.name}”; "
            "do they belong to it?",
            "spans",
        )
    items: dict[str, dict[str, float]] = {}
    for first in range(0, len(asked), BATCH):
        some = asked[first : first + BATCH]
        results = search_many(collection, [text for _, text in some], settings, cancel)
        if cancel and cancel.is_set():
            break
        for (each, _), result in zip(some, results, strict=True):
            chunks = [
                Found(names.of.get(hit.document, hit.source), hit.context_start - shift, hit.context_end - shift)
                for hit in result.hits
                for shift in [shifts.get(hit.document, 0)]
            ]
            items[each] = scores(answers[each], chunks)
        if progress:
            progress(len(items), len(asked))
    columns = (
        {name: [item[name] for item in items.values()] for name in ("recall", "precision", "iou")} if items else {}
    )
    return SpansMeasured(
        collection=row.name,
        settings=settings,
        items=items,
        means={name: statistics.fmean(values) for name, values in columns.items()},
        ci95={name: interval(values) for name, values in columns.items()},
    )


def _shifts(collection: str) -> dict[int, int]:
    """By document, how far its title pushes a corpus row's text back."""
    rows = [row for row in documents.list_documents(collection) if "_id" in row.metadata and row.title]
    beginnings = documents.excerpts((row.id, 0, len(row.title) + 1) for row in rows)
    return {
        row.id: len(row.title) + 1 for row in rows if beginnings.get((row.id, 0, len(row.title) + 1)) == f"{row.title} "
    }
