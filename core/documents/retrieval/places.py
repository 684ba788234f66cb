"""What the store knows of chunks by their ids: whether they meet a condition, their documents, their vectors.

Knows nothing of how chunks are ranked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.documents.retrieval.filters import Where
from core.store import documents, vectors
from core.store.collections import CollectionRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def allowed(collection: CollectionRow, where: Where, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the chunks `ids` (ascending) meet the condition; one that is gone does not. Shape [len(ids)]."""
    import numpy as np

    from core.documents.index.where import matching

    return np.isin(ids, matching(collection, where), assume_unique=True)


def documents_of(collection: CollectionRow, ids: Iterable[int]) -> dict[int, int]:
    """The document of each of these chunks; those that are gone are left out."""
    return {chunk: document for chunk, document, _ in documents.chunk_places(collection.id, sorted(set(ids)))}


def vectors_of(collection: CollectionRow, ids: Iterable[int]) -> dict[int, NDArray[np.float32]]:
    """The stored vectors of these chunks; those that are gone are left out."""
    found: dict[int, NDArray[np.float32]] = {}
    for block_ids, block in vectors.blocks(collection.id, model=collection.embedding, ids=set(ids)):
        found.update(zip(block_ids.tolist(), block, strict=True))
    return found
