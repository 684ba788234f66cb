"""The repository of collections: make, find, rename, delete, change the embedding model; SQLite and PostgreSQL.

A collection's name is free text for people; everything else knows it by its id. Knows nothing of models or splitters:
the one is a reference, the other a JSON document.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.store.database import get_database
from core.store.tables import Chunk, Collection, Document, Embedding
from core.store.vectors import forget_unused, hashes_of

NAME_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRow:
    """A collection without its documents."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    revision: int
    """Grows with every change to its chunks or its embedding model."""
    embedding: str
    """Reference of the model whose vectors it is searched with."""
    dimension: int | None
    """Of its vectors; `None` until there is one."""
    next_embedding: str | None
    """The model that takes over once every chunk has its vector."""
    splitter: str
    """The settings as a JSON document."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a collection holds."""

    documents: int
    chunks: int
    characters: int
    size: int
    """Bytes of the files."""


_COLUMNS = [getattr(Collection, each.name) for each in fields(CollectionRow)]


def check_name(name: str) -> str:
    """The name without spaces around it.

    Raises:
        InvalidInput: it is empty, too long or not printable.
    """
    name = name.strip()
    if not name:
        raise InvalidInput("A collection needs a name.", "name")
    if len(name) > NAME_CHARACTERS:
        raise InvalidInput(
            f"The collection's name has {len(name)} characters; at most {NAME_CHARACTERS} are allowed.", "name"
        )
    if not name.isprintable():
        raise InvalidInput("The collection's name holds a character that cannot be printed; leave it out.", "name")
    return name


def create(name: str, *, embedding: str, splitter: str) -> CollectionRow:
    """A new, empty collection.

    Raises:
        InvalidInput: the name cannot be one.
        Conflict: there is one of this name.
        StoreError: the database could not be written.
    """
    now = datetime.now(UTC)
    row = CollectionRow(
        id=secrets.token_hex(10),
        name=check_name(name),
        created_at=now,
        updated_at=now,
        revision=0,
        embedding=embedding,
        dimension=None,
        next_embedding=None,
        splitter=splitter,
    )
    with get_database().write() as session:
        _flushed(session, Collection(**{each.name: getattr(row, each.name) for each in fields(row)}))
    return row


def find(name: str) -> CollectionRow | None:
    """The collection of this name, `None` if there is none."""
    with get_database().read() as session:
        row = session.execute(select(*_COLUMNS).where(Collection.name == name.strip())).one_or_none()
        return None if row is None else CollectionRow(**row._asdict())


def get(name: str) -> CollectionRow:
    """The collection of this name.

    Raises:
        NotFound: there is none.
    """
    row = find(name)
    if row is None:
        raise NotFound(
            f"There is no collection “{name.strip()[:NAME_CHARACTERS]}”; `loupe docs list` shows those there are."
        )
    return row


def by_id(collection: str) -> CollectionRow:
    """The collection with this id.

    Raises:
        NotFound: it was deleted.
    """
    with get_database().read() as session:
        return _by_id(session, collection)


def list_all() -> list[CollectionRow]:
    """All collections by name."""
    with get_database().read() as session:
        return [CollectionRow(**row._asdict()) for row in session.execute(select(*_COLUMNS).order_by(Collection.name))]


def counts() -> dict[str, Counts]:
    """What each collection holds, by its id."""
    of_documents = select(
        Document.collection,
        func.count(),
        func.coalesce(func.sum(Document.characters), 0),
        func.coalesce(func.sum(Document.size), 0),
    ).group_by(Document.collection)
    of_chunks = select(Chunk.collection, func.count()).group_by(Chunk.collection)
    with get_database().read() as session:
        chunks = {collection: number for collection, number in session.execute(of_chunks)}
        found = {
            collection: Counts(documents, chunks.get(collection, 0), int(characters), int(size))
            for collection, documents, characters, size in session.execute(of_documents)
        }
        ids = session.execute(select(Collection.id)).scalars()
        return {collection: found.get(collection, Counts(0, 0, 0, 0)) for collection in ids}


def rename(collection: str, name: str) -> CollectionRow:
    """Give it another name; everything else stays.

    Raises:
        NotFound: it was deleted.
        InvalidInput, Conflict: as `create`.
    """
    name = check_name(name)
    with get_database().write() as session:
        row = _by_id(session, collection)
        if row.name != name:
            if session.execute(select(Collection.id).where(Collection.name == name)).first() is not None:
                raise Conflict(_taken(name))
            values = {"name": name, "updated_at": datetime.now(UTC)}
            session.execute(update(Collection).where(Collection.id == collection).values(**values))
        return _by_id(session, collection)


def delete(collection: str) -> None:
    """Delete it with its documents and chunks, and the vectors that no other chunk shares.

    Raises:
        NotFound: it was deleted already.
    """
    with get_database().write() as session:
        _by_id(session, collection)
        hashes = hashes_of(session, Chunk.collection == collection)
        session.execute(sql_delete(Chunk).where(Chunk.collection == collection))
        session.execute(sql_delete(Document).where(Document.collection == collection))
        session.execute(sql_delete(Collection).where(Collection.id == collection))
        forget_unused(session, hashes)


def set_splitter(collection: str, splitter: str) -> None:
    """Split what is added from now on in another way.

    Raises:
        NotFound: it was deleted.
        Conflict: it holds documents, which were split in the old way.
    """
    with get_database().write() as session:
        row = locked(session, collection)
        if session.execute(select(Document.id).where(Document.collection == collection).limit(1)).first() is not None:
            raise Conflict(f"The collection “{row.name}” holds documents; another way to split needs a new collection.")
        session.execute(update(Collection).where(Collection.id == collection).values(splitter=splitter))


def set_embedding(collection: str, embedding: str) -> None:
    """Choose the model of a collection that holds no documents.

    Raises:
        NotFound: it was deleted.
        Conflict: it holds documents; their vectors have to be computed first.
    """
    with get_database().write() as session:
        row = locked(session, collection)
        if session.execute(select(Document.id).where(Document.collection == collection).limit(1)).first() is not None:
            raise Conflict(f"The collection “{row.name}” holds documents whose vectors have to be computed first.")
        values = {"embedding": embedding, "dimension": None, "next_embedding": None, "revision": row.revision + 1}
        session.execute(update(Collection).where(Collection.id == collection).values(**values))


def begin_embedding(collection: str, embedding: str | None) -> None:
    """Note the model that is to take over; `None` gives the plan up.

    Raises:
        NotFound: it was deleted.
    """
    with get_database().write() as session:
        locked(session, collection)
        session.execute(update(Collection).where(Collection.id == collection).values(next_embedding=embedding))


def flip_embedding(collection: str, dimension: int) -> bool:
    """Search with the next model from now on, if every chunk has its vector; in one transaction.

    Returns:
        Whether it did: a chunk may have been added since the last vector was computed.

    Raises:
        NotFound: it was deleted.
        Conflict: no model is to take over.
    """
    with get_database().write() as session:
        row = locked(session, collection)
        if row.next_embedding is None:
            raise Conflict(f"No other embedding model is to take over the collection “{row.name}”.")
        has = select(Embedding.text_hash).where(
            Embedding.model == row.next_embedding, Embedding.text_hash == Chunk.text_hash
        )
        missing = select(Chunk.id).where(Chunk.collection == collection, ~has.exists()).limit(1)
        if session.execute(missing).first() is not None:
            return False
        bump(session, row, embedding=row.next_embedding, dimension=dimension, next_embedding=None)
        return True


def touch(collection: str) -> None:
    """Say that its chunks or vectors changed.

    Raises:
        NotFound: it was deleted.
    """
    with get_database().write() as session:
        bump(session, locked(session, collection))


def locked(session: Session, collection: str) -> CollectionRow:
    """The collection, which no other transaction changes until this one ends.

    Raises:
        NotFound: it was deleted.
    """
    return _by_id(session, collection, lock=True)


def bump(session: Session, row: CollectionRow, **values: object) -> None:
    """Raise the revision of a locked collection, and set `values`."""
    changed = {"revision": row.revision + 1, "updated_at": datetime.now(UTC), **values}
    session.execute(update(Collection).where(Collection.id == row.id).values(**changed))


def _by_id(session: Session, collection: str, *, lock: bool = False) -> CollectionRow:
    query = select(*_COLUMNS).where(Collection.id == collection)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("The collection was deleted meanwhile.")
    return CollectionRow(**row._asdict())


def _flushed(session: Session, collection: Collection) -> None:
    if session.execute(select(Collection.id).where(Collection.name == collection.name)).first() is not None:
        raise Conflict(_taken(collection.name))
    session.add(collection)
    try:
        session.flush()
    except IntegrityError:  # PostgreSQL: another transaction made it at the same moment
        raise Conflict(_taken(collection.name)) from None


def _taken(name: str) -> str:
    return f"There is a collection “{name}” already; choose another name."
