"""The nearest chunks to a vector: always right, by Chroma where it is current, else by an exact scan of the store.

Chroma is an index that can be made again from the store at any time. A process keeps it if it says so (`keep`, as the
app does) or if it searches a large collection often; see `core.documents.index.keeper`. Knows nothing of texts, queries
or models.
"""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING, Any

from core.documents.index import exact
from core.documents.index.keeper import Keeper
from core.documents.index.state import IndexState
from core.errors import InvalidInput
from core.settings import get_settings
from core.store import collections
from core.store.collections import CollectionRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["IndexState", "close", "forget", "keep", "nearest", "state", "sync"]

OFTEN, LARGE = 8, 20_000
"""A process that has searched so often a collection of so many chunks keeps its index from then on."""
MANY, DEEP = 16, 1000
"""From so many queries at once, or so many hits, the exact search is as quick as Chroma's."""

_lock = threading.Lock()
_keeper: Keeper | None = None
_asked = 0


def nearest(
    collection: str | CollectionRow, vectors: NDArray[np.float32], k: int, where: dict[str, Any] | None = None
) -> list[list[tuple[int, float]]]:
    """For every query the `k` nearest chunks and their cosine similarity, best first.

    A chunk may be removed while its id is on the way: whoever reads it must expect that it is gone.

    Args:
        collection: its name, or its row.
        vectors: queries, shape [n, dimension].
        k: most chunks a query; fewer come back where the collection has fewer.
        where: a condition on the chunks' fields, as `core.documents.retrieval.filters` describes it.

    Raises:
        NotFound: there is no such collection.
        InvalidInput: the vectors' dimension is not the collection's, or the condition is none.
    """
    import numpy as np

    row = collections.get(collection) if isinstance(collection, str) else collection
    queries = np.atleast_2d(np.asarray(vectors, np.float32))
    if row.dimension is None or k < 1 or not len(queries):
        return [[] for _ in queries]
    if queries.shape[1] != row.dimension:
        raise InvalidInput(
            f"The query's vector has {queries.shape[1]} dimensions, but “{row.name}” was built with {row.embedding} "
            f"({row.dimension}-d); search it with that model."
        )
    lengths = np.linalg.norm(queries, axis=1, keepdims=True)
    queries = np.divide(queries, lengths, out=queries.copy(), where=lengths > 0)
    if where:
        from core.documents.index.where import matching

        return exact.scan(row, queries, k, matching(row, where))
    if len(queries) < MANY and k <= DEEP:
        found = _current(row).query(row, queries, k)
        if found is not None and all(len(each) >= k for each in found):
            return found  # a list that is too short may only mean that the graph has holes
    return exact.scan(row, queries, k)


def state(collection: str | CollectionRow) -> IndexState:
    """Where the collection's index stands, as this process sees it.

    Raises:
        NotFound: there is no such collection.
    """
    row = collections.get(collection) if isinstance(collection, str) else collection
    return _of_this_home().state(row)


def keep() -> None:
    """Own the index, if no other process does, and keep it current in the background until this process ends."""
    _of_this_home().start()


def sync(collection: str) -> bool:
    """Bring the collection's index up to date before returning; `False` where another process keeps it.

    Raises:
        NotFound: there is no such collection.
        EndpointError: the Chroma server does not answer.
    """
    return _of_this_home().bring(collections.get(collection))


def forget(collection_id: str) -> None:
    """A collection was deleted: let go of its vectors, and of its index where this process keeps it."""
    exact.forget(collection_id)
    _of_this_home().forget(collection_id)


def close() -> None:
    """Let go of the index; the next search opens what it needs."""
    global _keeper, _asked
    with _lock:
        keeper, _keeper, _asked = _keeper, None, 0
    if keeper is not None:
        keeper.close()
    exact.forget()


def _current(row: CollectionRow) -> Keeper:
    """The keeper, which a process that searches often starts without being told to."""
    global _asked
    keeper = _of_this_home()
    if _asked < OFTEN:
        _asked += 1
        if _asked == OFTEN:
            if exact.size(row) >= LARGE:
                keeper.start()
            else:
                _asked = 0
    return keeper


def _of_this_home() -> Keeper:
    global _keeper
    settings = get_settings()
    with _lock:
        old = _keeper
        if old is not None and old.settings is settings:
            return old
        if _keeper is None:
            atexit.unregister(close)
            atexit.register(close)
        _keeper = new = Keeper(settings)
    if old is not None:  # another data directory is in use now
        old.close()
        exact.forget()
    return new
