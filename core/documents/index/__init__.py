"""The nearest chunks to a vector: always right, by Chroma where it is current, else by an exact scan of the store.

Chroma is an index that can be made again from the store at any time: see `core.documents.index.keeper`. Knows nothing
of texts, queries or models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.documents.index import exact
from core.errors import InvalidInput
from core.store import collections
from core.store.collections import CollectionRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    queries = queries / np.where(lengths > 0, lengths, np.float32(1))
    if where:
        from core.documents.index.where import matching

        return exact.scan(row, queries, k, matching(row, where))
    return exact.scan(row, queries, k)
