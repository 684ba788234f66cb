"""The keyword index of a collection: from memory, else from its file, else from the store; always of the newest chunks.

A chunk's text never changes under its id, so that an older index needs only what came and what went. Knows nothing of
scores.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock

from core.documents.retrieval.keywords import kept
from core.documents.retrieval.keywords.bm25 import KeywordIndex, Postings
from core.store import collections, documents
from core.store.collections import CollectionRow

MOST_BYTES = 1024**3
"""Of all indexes in memory together; the one in use stays however large it is."""
REWRITE_S = 60
"""A file is not written again before: while documents are being added, every search sees another revision."""

_indexes: OrderedDict[str, tuple[int, KeywordIndex]] = OrderedDict()
_building: dict[str, Lock] = {}
_lock = Lock()


def index_of(collection: CollectionRow) -> KeywordIndex:
    """The index of the collection's chunks.

    Made at first use: 50,000 chunks take some seconds; threads that ask meanwhile wait for the same one.

    Raises:
        StoreError: the chunks could not be read.
    """
    with _lock:
        building = _building.setdefault(collection.id, Lock())
    with building:
        with _lock:
            found = _indexes.get(collection.id)
            if found is not None and found[0] == collection.revision:
                _indexes.move_to_end(collection.id)
                return found[1]
        found = found or kept.load(collection.id)
        if found is None or found[0] != collection.revision:
            found = collection.revision, _newest(collection.id, found[1] if found else None)
            age = kept.age_s(collection.id, time.time())
            if age is None or not 0 <= age < REWRITE_S:
                kept.save(collection.id, *found)
                kept.keep_only({row.id for row in collections.list_all()})
        _keep(collection.id, found)
        return found[1]


def forget() -> None:
    """Let go of every index in memory; the files stay."""
    with _lock:
        _indexes.clear()


def _newest(collection: str, older: KeywordIndex | None) -> KeywordIndex:
    import numpy as np

    ids = np.array(documents.chunk_ids(collection), np.int64)
    if older is not None and np.array_equal(ids, older.ids):
        return older
    postings = Postings.empty() if older is None else older.postings
    last = int(postings.ids[-1]) if len(postings.ids) else 0

    def added() -> Iterator[tuple[int, str]]:
        for block in documents.chunk_texts(collection, after=last):
            yield from block

    return KeywordIndex(postings.updated(ids, added()))


def _keep(collection: str, found: tuple[int, KeywordIndex]) -> None:
    with _lock:
        _indexes[collection] = found
        _indexes.move_to_end(collection)
        while len(_indexes) > 1 and sum(index.size for _, index in _indexes.values()) > MOST_BYTES:
            _indexes.popitem(last=False)
