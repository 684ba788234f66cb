"""Changes to a collection's documents: replaced or removed with their chunks, in one transaction each.

A document is known by its collection and its path, its digest is the version. A path may have parts, written
`PATH#KEY`: the members of an archive, the rows of a corpus. Knows nothing of how a text was found or split.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput
from core.store.collections import bump, locked
from core.store.database import get_database
from core.store.tables import Chunk, Document
from core.store.vectors import batches, forget_unused, guard, hashes_of, insert_missing, require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PATH_CHARACTERS = 2000
TITLE_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChunk:
    """A chunk to store: the document's text from `start` to `end`."""

    start: int
    end: int
    page: int | None
    tokens: int
    text_hash: bytes
    parent_start: int | None = None
    parent_end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document to store, with its chunks in order."""

    path: str
    digest: str
    kind: str
    title: str
    size: int
    text: str
    chunks: Sequence[NewChunk]
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    pages: Sequence[tuple[int, int, int, str]] = ()
    """Number, start, end, label of each."""


def replace_documents(
    collection: str,
    documents: Sequence[NewDocument],
    *,
    embedding: str,
    dimension: int,
    vectors: dict[bytes, NDArray[np.float32]] | None = None,
    remove: Sequence[str] = (),
) -> set[bytes]:
    """Write documents, their chunks and missing vectors, instead of what their paths held; all in one transaction.

    A document that is there in this version stays as it is: another job may have added it a moment ago.

    Args:
        collection: its id.
        documents: those to write.
        embedding: the model that `vectors` and those already stored come from.
        dimension: of its vectors.
        vectors: by the hash of their text; those that are stored already may be left out.
        remove: further paths whose documents go, exactly as written.

    Returns:
        Hashes of the texts that the replaced chunks had; see `core.store.vectors.forget`.

    Raises:
        NotFound: the collection was deleted.
        Conflict: the collection has another embedding model by now.
        InvalidInput: a path is too long.
        StoreError: the database could not be written; nothing was changed.
    """
    for document in documents:
        if len(document.path) > PATH_CHARACTERS:
            raise InvalidInput(
                f"The name “{document.path[:60]}…” has {len(document.path):,} characters; "
                f"at most {PATH_CHARACTERS:,} are allowed."
            )
    with get_database().write() as session:
        row = locked(session, collection)
        if row.embedding != embedding:
            raise Conflict(
                f"The collection “{row.name}” has changed from {embedding} to {row.embedding} meanwhile; "
                "resume to go on with the new model."
            )
        present = _versions(session, collection, [document.path for document in documents])
        documents = [document for document in documents if present.get(document.path) != document.digest]
        guard(session, exclusive=False)
        insert_missing(session, embedding, vectors or {})
        require(session, embedding, [chunk.text_hash for document in documents for chunk in document.chunks])
        replaced = _delete(session, collection, [*(document.path for document in documents), *remove])
        for document in documents:
            _insert(session, collection, document)
        bump(session, row, dimension=dimension)
    return replaced


def remove(collection: str, paths: Iterable[str]) -> list[str]:
    """Delete the documents of these paths, their parts `PATH#KEY` and what lies below a folder `PATH/`.

    Returns:
        Paths of the documents that were deleted.

    Raises:
        NotFound: the collection was deleted.
    """
    with get_database().write() as session:
        row = locked(session, collection)
        conditions = [_at_or_below(path) for path in paths]
        gone: list[str] = []
        for some in batches(conditions, 50):
            query = select(Document.path).where(Document.collection == collection, or_(*some))
            gone.extend(session.execute(query.order_by(Document.id)).scalars())
        gone = list(dict.fromkeys(gone))
        if gone:
            forget_unused(session, _delete(session, collection, gone))
            bump(session, row)
    return gone


def _insert(session: Session, collection: str, document: NewDocument) -> None:
    values = {
        "collection": collection,
        "path": document.path,
        "digest": document.digest,
        "added_at": datetime.now(UTC),
        "kind": document.kind[:32],
        "title": _storable(document.title)[:TITLE_CHARACTERS],
        "size": document.size,
        "characters": len(document.text),
        "metadata": json.dumps(document.metadata),
        "notes": json.dumps(list(document.notes)),
        "pages": json.dumps([list(page) for page in document.pages]),
        "text": document.text,
    }
    connection = session.connection()
    key = connection.execute(insert(Document.__table__).values(values)).inserted_primary_key  # type: ignore[arg-type]
    number = key[0] if key else None
    if document.chunks:
        rows = [
            {
                "collection": collection,
                "document": number,
                "ordinal": ordinal,
                "start": chunk.start,
                "end": chunk.end,
                "page": chunk.page,
                "parent_start": chunk.parent_start,
                "parent_end": chunk.parent_end,
                "tokens": chunk.tokens,
                "text_hash": chunk.text_hash,
                "text": document.text[chunk.start : chunk.end],
            }
            for ordinal, chunk in enumerate(document.chunks)
        ]
        connection.execute(insert(Chunk.__table__), rows)  # type: ignore[arg-type]


def _delete(session: Session, collection: str, paths: Sequence[str]) -> set[bytes]:
    """Delete documents with their chunks; the hashes of the texts these had."""
    hashes: set[bytes] = set()
    for some in batches(list(dict.fromkeys(paths))):
        query = select(Document.id).where(Document.collection == collection, Document.path.in_(some))
        ids = list(session.execute(query).scalars())
        if ids:
            hashes |= hashes_of(session, Chunk.document.in_(ids))
            session.execute(delete(Chunk).where(Chunk.document.in_(ids)))
            session.execute(delete(Document).where(Document.id.in_(ids)))
    return hashes


def _versions(session: Session, collection: str, paths: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in batches(paths):
        query = select(Document.path, Document.digest).where(Document.collection == collection, Document.path.in_(some))
        found.update((path, digest) for path, digest in session.execute(query))
    return found


def _at_or_below(path: str) -> ColumnElement[bool]:
    return or_(Document.path == path, _begins(f"{path}#"), _begins(f"{path.rstrip('/')}/"))


def _begins(prefix: str) -> ColumnElement[bool]:
    """Compared as it is: LIKE knows wildcards, and on SQLite no upper and lower case."""
    return func.substr(Document.path, 1, len(prefix)) == prefix


def _storable(text: str) -> str:
    """Text that every database takes: PostgreSQL refuses NUL, and no encoding has lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
