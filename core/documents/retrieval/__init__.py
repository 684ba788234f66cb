"""Retrieval: a question to the passages of a collection that answer it, every stage told.

`search` is the one way in for tester, chat, tools and command line; `search_many` encodes many questions at once, for
measuring. Knows nothing of answers.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from core.documents.retrieval.result import Dropped, Rewriting, SearchResult
from core.documents.settings import RetrievalSettings

__all__ = ["search", "search_many", "SearchResult", "Dropped", "Rewriting"]


def search(
    collection: str,
    query: str,
    settings: RetrievalSettings | None = None,
    cancel: threading.Event | None = None,
) -> SearchResult:
    """The passages of a collection that match a question, best first; of an empty collection none.

    Args:
        collection: its name.
        query: the question.
        settings: how; the defaults of `RetrievalSettings` unless given.
        cancel: when set, the search ends before its next stage, with nothing found and a note that says so.

    Raises:
        InvalidInput: the question is empty or too long, or a condition is malformed.
        NotFound: there is no such collection, or a model is not there.
        LoupeError: a model failed, or the store could not be read.
    """
    return search_many(collection, [query], settings, cancel)[0]


def search_many(
    collection: str,
    queries: Sequence[str],
    settings: RetrievalSettings | None = None,
    cancel: threading.Event | None = None,
) -> list[SearchResult]:
    """A result for each question, in order; all are encoded at once. Times are each one's share.

    Raises:
        LoupeError: as `search`.
    """
    from core.documents.retrieval.pipeline import run

    return run(collection, queries, settings or RetrievalSettings(), cancel, read=True).results
