"""The repository of vectors: one for each text and model, shared by all chunks that have this text.

A cache as much as a store: `known` saves computing a vector twice. Reads come in blocks, each in a short transaction of
its own, so that nobody holds the database or all vectors for long. Knows nothing of models: they are references.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection as Ids
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from core.errors import StoreError
from core.store.database import get_database
from core.store.tables import Chunk, Collection, Embedding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VARIABLES = 500
"""Values in one IN (…): databases limit how many a statement may have."""
BLOCK = 8192
_LOCK = 0x10095  # any number, the same in every process


def text_hash(text: str) -> bytes:
    """What two equal texts share: their SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def known(model: str, hashes: Iterable[bytes]) -> set[bytes]:
    """Those of `hashes` whose vector under `model` is there."""
    found: set[bytes] = set()
    with get_database().read() as session:
        for some in batches(list(dict.fromkeys(hashes))):
            query = select(Embedding.text_hash).where(Embedding.model == model, Embedding.text_hash.in_(some))
            found.update(bytes(each) for each in session.execute(query).scalars())
    return found


def save(model: str, vectors: dict[bytes, NDArray[np.float32]]) -> None:
    """Keep vectors by the hash of their text; those that are there stay as they are.

    Raises:
        StoreError: the database could not be written.
    """
    if vectors:
        with get_database().write() as session:
            insert_missing(session, model, vectors)


def insert_missing(session: Session, model: str, vectors: dict[bytes, NDArray[np.float32]]) -> None:
    """As `save`, inside a transaction."""
    if not vectors:
        return
    rows = [
        {"model": model, "text_hash": each, "vector": vector.astype("<f4", copy=False).tobytes()}
        for each, vector in vectors.items()
    ]
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as upsert
    else:
        from sqlalchemy.dialects.sqlite import insert as upsert  # type: ignore[assignment]
    session.connection().execute(upsert(Embedding.__table__).on_conflict_do_nothing(), rows)  # type: ignore[arg-type]


def missing(collection: str, model: str, *, limit: int = BLOCK) -> list[tuple[bytes, str]]:
    """Hash and text of chunks without a vector under `model`, each text once, at most `limit`."""
    has = select(Embedding.text_hash).where(Embedding.model == model, Embedding.text_hash == Chunk.text_hash)
    query = select(Chunk.text_hash, Chunk.text).where(Chunk.collection == collection, ~has.exists())
    with get_database().read() as session:
        found = {bytes(each): said for each, said in session.execute(query.order_by(Chunk.id).limit(limit))}
    return list(found.items())


def count_missing(collection: str, model: str) -> int:
    """How many different texts of the collection have no vector under `model`."""
    has = select(Embedding.text_hash).where(Embedding.model == model, Embedding.text_hash == Chunk.text_hash)
    query = select(func.count(Chunk.text_hash.distinct())).where(Chunk.collection == collection, ~has.exists())
    with get_database().read() as session:
        return int(session.execute(query).scalar_one())


def blocks(
    collection: str, *, model: str | None = None, ids: Ids[int] | None = None, size: int = BLOCK
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Chunk ids, ascending, and their vectors, at most `size` at a time.

    A chunk without a vector is passed over. Every block is read in a transaction of its own: chunks that come or go
    meanwhile may or may not be among them.

    Args:
        collection: its id.
        model: whose vectors; by default those the collection is searched with.
        ids: these chunks only.
        size: most rows of a block.

    Yields:
        Shapes [n] and [n, dimension].
    """
    if model is None:
        with get_database().read() as session:
            model = session.execute(select(Collection.embedding).where(Collection.id == collection)).scalar()
        if model is None:
            return
    query = (
        select(Chunk.id, Embedding.vector)
        .join(Embedding, (Embedding.model == model) & (Embedding.text_hash == Chunk.text_hash))
        .where(Chunk.collection == collection)
        .order_by(Chunk.id)
    )
    if ids is not None:
        wanted = sorted(int(each) for each in ids)
        for start in range(0, len(wanted), size):
            rows: list[Any] = []
            with get_database().read() as session:
                for some in batches(wanted[start : start + size]):
                    rows.extend(_raw(session, query.where(Chunk.id.in_(some))))
            if rows:
                yield _arrays(rows)
        return
    after = 0
    while True:
        with get_database().read() as session:
            rows = _raw(session, query.where(Chunk.id > after).limit(size))
        if rows:
            yield _arrays(rows)
        if len(rows) < size:
            return
        after = rows[-1][0]


def all_vectors(collection: str, *, model: str | None = None) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ids and vectors of all chunks at once; for a collection that is known to fit the memory.

    Returns:
        Shapes [n] and [n, dimension]; [0] and [0, 0] for an empty one.
    """
    import numpy as np

    found = list(blocks(collection, model=model))
    if not found:
        return np.empty(0, np.int64), np.empty((0, 0), np.float32)
    if len(found) == 1:
        return found[0]
    matrix = np.empty((sum(len(ids) for ids, _ in found), found[0][1].shape[1]), np.float32)
    ids = np.concatenate([ids for ids, _ in found])
    row = 0
    for place in range(len(found)):
        vectors = found[place][1]
        matrix[row : row + len(vectors)] = vectors
        row += len(vectors)
        found[place] = (ids[:0], vectors[:0])  # let go of what has been copied
    return ids, matrix


def hashes_of(session: Session, condition: ColumnElement[bool]) -> set[bytes]:
    """Hashes of the texts of some chunks, before these are deleted."""
    return {bytes(each) for each in session.execute(select(Chunk.text_hash).where(condition)).scalars()}


def forget(hashes: set[bytes]) -> None:
    """Delete the vectors of those `hashes` that no chunk has any more."""
    if hashes:
        with get_database().write() as session:
            forget_unused(session, hashes)


def forget_unused(session: Session, hashes: set[bytes]) -> None:
    """As `forget`, inside a transaction."""
    if not hashes:
        return
    guard(session, exclusive=True)
    unused = set(hashes)
    for found in session.connection().execute(select(Chunk.text_hash)).yield_per(10_000).scalars():
        unused.discard(bytes(found))
    for model in session.execute(select(Embedding.model).distinct()).scalars().all() if unused else ():
        for some in batches(sorted(unused)):
            session.execute(delete(Embedding).where(Embedding.model == model, Embedding.text_hash.in_(some)))


def require(session: Session, model: str, hashes: Iterable[bytes]) -> None:
    """Check that every one of `hashes` has its vector, for a transaction that writes chunks.

    Raises:
        StoreError: one was removed meanwhile; the work can be repeated.
    """
    for some in batches(list(dict.fromkeys(hashes))):
        query = select(func.count()).where(Embedding.model == model, Embedding.text_hash.in_(some))
        if session.execute(query).scalar_one() != len(some):
            raise StoreError(
                "Vectors that had been computed were removed meanwhile; resume the job to compute them again."
            )


def guard(session: Session, *, exclusive: bool) -> None:
    """Keep vectors that are found by one transaction from being removed by another before it ends."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite lets one transaction write at a time anyway
        name = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
        session.execute(text(f"SELECT {name}(:key)"), {"key": _LOCK})


def batches(values: Sequence[Any], size: int = VARIABLES) -> Iterator[Sequence[Any]]:
    """`values` in pieces that one statement takes."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _raw(session: Session, query: Any) -> list[Any]:
    """The driver's own rows: making 50,000 objects of SQLAlchemy's would take longer than reading them."""
    cursor = session.connection().execute(query).cursor
    return list(cursor.fetchall()) if cursor is not None else []


def _arrays(rows: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    import numpy as np

    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    vectors = np.frombuffer(b"".join([row[1] for row in rows]), "<f4").reshape(len(rows), -1)
    return ids, vectors
