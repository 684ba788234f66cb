"""A collection's chunks and vectors into Chroma by the difference of ids: what is missing added, what is gone deleted.

So it does not matter who wrote when, or what was lost: the next turn heals it. Chunk ids are never used again. Knows
nothing of locks or of when to do it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.store import documents, vectors
from core.store.collections import CollectionRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREFIX = "loupe-"
BATCH = 2500
PAGE = 5000
"""Ids that are read at once: a read with metadata fails beyond 32,766."""
SYNC_THRESHOLD = 10_000
"""Vectors after which Chroma writes its graph to disk. A kill while it does can leave the directory unreadable, so not
often; what is not written is replayed when the directory is opened, at about 2,000 a second, so not too rarely."""
EF_CONSTRUCTION = 80
"""Neighbours looked at for every new vector: a fifth quicker than Chroma's 100, and on 15,000 texts of this project ten
hits were as good (0.997 of the exact ones)."""
SAMPLE = 20_000
Told = Callable[[int, int], None]


def name_of(row: CollectionRow) -> str:
    """What the collection is called in Chroma, which allows few characters: its id, and whose vectors it has."""
    return f"{PREFIX}{row.id}-{hashlib.sha256(row.embedding.encode()).hexdigest()[:12]}"


def open_collection(client: Any, row: CollectionRow) -> Any:
    """The collection in Chroma, made if it is missing, or if it was made in another way."""
    name = name_of(row)
    handle = client.get_or_create_collection(
        name,
        embedding_function=None,
        configuration={
            "hnsw": {"space": "cosine", "sync_threshold": SYNC_THRESHOLD, "ef_construction": EF_CONSTRUCTION}
        },
    )
    if handle.configuration_json.get("hnsw", {}).get("space", "cosine") == "cosine":
        return handle
    client.delete_collection(name)
    return open_collection(client, row)


def sync(client: Any, row: CollectionRow, told: Told, *, fresh: bool = False, verify: bool = False) -> Any:
    """Bring the collection in Chroma to what the store holds; the handle to search it with.

    Args:
        client: of Chroma.
        row: the collection, as the store has it.
        told: called with chunks done and to do after every batch; what it raises ends the work.
        fresh: make it anew.
        verify: compare vectors that are there already with the store's, and make it anew where they differ.
    """
    import numpy as np

    if fresh:
        drop(client, name_of(row))
    handle = open_collection(client, row)
    have = _ids(handle)
    wanted = np.asarray(documents.chunk_ids(row.id), np.int64)
    gone = np.setdiff1d(have, wanted)
    if len(gone) > max(BATCH, len(have) // 2) or (verify and len(have) and not _agrees(handle, row, have, wanted)):
        drop(client, name_of(row))  # a graph with many holes finds less
        handle, have = open_collection(client, row), have[:0]
        gone = have
    size = min(BATCH, int(client.get_max_batch_size()))
    new = np.setdiff1d(wanted, have, assume_unique=True)
    total, done = len(new) + len(gone), 0
    told(0, total)
    for start in range(0, len(gone), size):
        handle.delete(ids=[str(each) for each in gone[start : start + size].tolist()])
        done = min(start + size, len(gone))
        told(done, total)
    if len(new):
        _add(handle, row, new, size, lambda added: told(done + added, total))
    return handle


def drop(client: Any, name: str) -> None:
    """Delete a collection of Chroma's, if it is there."""
    from chromadb.errors import NotFoundError

    try:
        client.delete_collection(name)
    except (NotFoundError, ValueError):  # it is not
        return


def _add(handle: Any, row: CollectionRow, new: NDArray[np.int64], size: int, told: Callable[[int], None]) -> None:
    from core.documents.index.where import fields

    known: dict[int, documents.DocumentRow] = {}
    done = 0
    for ids, matrix in vectors.blocks(row.id, model=row.embedding, ids=new.tolist(), size=size):
        places = {chunk: (document, page) for chunk, document, page in documents.chunk_places(row.id, ids.tolist())}
        missing = {document for document, _ in places.values()} - set(known)
        if missing:
            known = {**({} if len(known) > PAGE else known), **documents.documents(missing)}
        rows = [place for place, chunk in enumerate(ids.tolist()) if chunk in places and places[chunk][0] in known]
        if rows:
            kept = [int(ids[place]) for place in rows]
            handle.add(
                ids=[str(chunk) for chunk in kept],
                embeddings=matrix[rows],
                metadatas=[_metadata(fields(known[places[chunk][0]], places[chunk][1])) for chunk in kept],
            )
        done += len(ids)
        told(done)


def _metadata(values: dict[str, Any]) -> dict[str, Any]:
    """What Chroma takes of them: it has no dictionaries, no None, and keeps names with some beginnings for itself."""
    return {
        key: value
        for key, value in values.items()
        if key
        and key != "title"  # the longest one, and nobody looks there for it
        and not key.startswith(("#", "$", "chroma:"))
        and (isinstance(value, str | bool | float) or (isinstance(value, int) and abs(value) < 2**63))
    }


def _ids(handle: Any) -> NDArray[np.int64]:
    import numpy as np

    found: list[int] = []
    while some := handle.get(limit=PAGE, offset=len(found), include=[])["ids"]:
        found.extend(int(each) for each in some)
        if len(some) < PAGE:
            break
    return np.unique(np.asarray(found, np.int64))


def _agrees(handle: Any, row: CollectionRow, have: NDArray[np.int64], wanted: NDArray[np.int64]) -> bool:
    """Whether vectors in Chroma are those of the store: bytes on a disk can change without anybody noticing."""
    import numpy as np

    both = np.intersect1d(have, wanted, assume_unique=True)
    if len(both) > SAMPLE:
        both = np.sort(np.random.default_rng().choice(both, SAMPLE, replace=False))
    for ids, matrix in vectors.blocks(row.id, model=row.embedding, ids=both.tolist(), size=BATCH):
        found = handle.get(ids=[str(each) for each in ids.tolist()], include=["embeddings"])
        place = {int(each): number for number, each in enumerate(found["ids"])}
        if len(place) != len(ids):
            return False
        there = np.asarray(found["embeddings"], np.float32)[[place[each] for each in ids.tolist()]]
        if there.shape != matrix.shape or not np.allclose(there, matrix, atol=1e-4):
            return False
    return True
