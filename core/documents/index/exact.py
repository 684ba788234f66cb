"""The exact search: the cosine of a query and every vector of the store, in numpy; always right, needs no index.

A collection's vectors stay in memory up to a bound, and follow its revision by what was added and removed; a larger
collection is read in blocks, every time. Knows nothing of Chroma or of texts.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.store import documents, vectors
from core.store.collections import CollectionRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEMORY_BYTES = 512 * 1024**2
"""Most bytes of vectors that are kept, of all collections together; one may take half of it."""
_SIMILARITIES = 4_000_000
"""Most numbers of one product of queries and vectors: 16 MB."""
DIGITS = 6
ROUNDING = 10.0**-DIGITS
Found = list[list[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All vectors of a collection at one revision."""

    revision: int
    ids: NDArray[np.int64]
    """Ascending."""
    vectors: NDArray[np.float32]


_kept: OrderedDict[tuple[str, str], Matrix] = OrderedDict()
_sizes: dict[str, int] = {}
_loading: dict[tuple[str, str], threading.Lock] = {}
_lock = threading.Lock()


def scan(row: CollectionRow, queries: NDArray[np.float32], k: int, ids: NDArray[np.int64] | None = None) -> Found:
    """The `k` nearest chunks of every query by cosine, best first, the lower id first where two are equal.

    Args:
        row: the collection.
        queries: shape [n, dimension], of length 1.
        k: most chunks a query.
        ids: only these chunks, ascending; `None` for all.
    """
    import numpy as np

    if ids is not None and len(ids) == 0:
        return [[] for _ in queries]
    best: list[tuple[NDArray[np.float32], NDArray[np.int64]]] = [
        (np.empty(0, np.float32), np.empty(0, np.int64)) for _ in queries
    ]
    for block_ids, block in _blocks(row, ids):
        if not len(block_ids):  # it was emptied or deleted meanwhile
            continue
        step = max(1, _SIMILARITIES // max(1, len(block_ids)))
        for first in range(0, len(queries), step):
            scores = queries[first : first + step] @ block.T
            for offset, line in enumerate(scores):
                best[first + offset] = _top(line, block_ids, k, best[first + offset])
    return [
        [(int(chunk), round(float(score), DIGITS)) for score, chunk in zip(scores, chunks, strict=True)]
        for scores, chunks in best
    ]


def size(row: CollectionRow) -> int:
    """How many chunks the collection had when it was last searched; 0 where it was not."""
    with _lock:
        return _sizes.get(row.id, 0)


def forget(collection: str | None = None) -> None:
    """Let go of what is kept of one collection, or of all."""
    with _lock:
        for key in [key for key in _kept if collection in (None, key[0])]:
            del _kept[key]
        if collection is None:
            _sizes.clear()


def _blocks(
    row: CollectionRow, ids: NDArray[np.int64] | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    import numpy as np

    matrix = _matrix(row)
    if matrix is None:
        yield from vectors.blocks(row.id, model=row.embedding, ids=None if ids is None else ids.tolist())
    elif ids is None:
        yield matrix.ids, matrix.vectors
    else:
        rows = np.flatnonzero(np.isin(matrix.ids, ids, assume_unique=True))
        yield matrix.ids[rows], matrix.vectors[rows]


def _matrix(row: CollectionRow) -> Matrix | None:
    """The collection's vectors; `None` where they are too many to keep."""
    key = (row.id, row.embedding)
    with _lock:
        found = _kept.get(key)
        if found is not None and found.revision >= row.revision:
            _kept.move_to_end(key)
            return found
        loading = _loading.setdefault(key, threading.Lock())
    with loading:  # two threads that ask at once read once
        with _lock:
            found = _kept.get(key)
        if found is not None and found.revision >= row.revision:
            return found
        ids = documents.chunk_ids(row.id)
        with _lock:
            _sizes[row.id] = len(ids)
        if len(ids) * 4 * (row.dimension or 1) > MEMORY_BYTES // 2:
            forget(row.id)
            return None
        matrix = _followed(row, found, ids) if found is not None else None
        if matrix is None:
            matrix = Matrix(row.revision, *vectors.all_vectors(row.id, model=row.embedding))
        _keep(key, matrix)
        return matrix


def _followed(row: CollectionRow, old: Matrix, ids: list[int]) -> Matrix | None:
    """The older matrix with what has changed since; `None` where reading all is quicker."""
    import numpy as np

    wanted = np.asarray(ids, np.int64)
    new = np.setdiff1d(wanted, old.ids, assume_unique=True)
    stays = np.isin(old.ids, wanted, assume_unique=True)
    if len(new) > len(wanted) // 2:
        return None
    parts = [(old.ids[stays], old.vectors[stays])] if not stays.all() else [(old.ids, old.vectors)]
    parts.extend(vectors.blocks(row.id, model=row.embedding, ids=new.tolist()))
    all_ids = np.concatenate([part for part, _ in parts])
    order = np.argsort(all_ids, kind="stable")
    joined = np.concatenate([part for _, part in parts])
    ordered = bool((order[1:] > order[:-1]).all())  # new ids are higher than old ones, nearly always
    return Matrix(row.revision, all_ids if ordered else all_ids[order], joined if ordered else joined[order])


def _keep(key: tuple[str, str], matrix: Matrix) -> None:
    with _lock:
        for other in [each for each in _kept if each[0] == key[0]]:  # another model's are not asked for again
            del _kept[other]
        _kept[key] = matrix
        while sum(each.vectors.nbytes for each in _kept.values()) > MEMORY_BYTES and len(_kept) > 1:
            _kept.popitem(last=False)


def _top(
    scores: NDArray[np.float32],
    ids: NDArray[np.int64],
    k: int,
    before: tuple[NDArray[np.float32], NDArray[np.int64]],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    import numpy as np

    if len(scores) > k:
        threshold = scores[np.argpartition(scores, -k)[-k:]].min()
        rows = np.flatnonzero(scores >= threshold - 2 * ROUNDING)  # all that equal the last one: the lower id wins
        scores, ids = scores[rows], ids[rows]
    scores = np.clip(np.round(scores, DIGITS), -1, 1)  # a product's last bits depend on where a row stands
    if len(before[0]):
        scores, ids = np.concatenate([before[0], scores]), np.concatenate([before[1], ids])
    order = np.lexsort((ids, -scores))[:k]
    return scores[order], ids[order]
