"""The repository of documents and their chunks: replace in one transaction, remove, read; SQLite and PostgreSQL.

A document is known by its collection and its path, its digest is the version. A path may have parts, written
`PATH#KEY`: the members of an archive, the rows of a corpus. Knows nothing of how a text was found or split.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A document without its text: what a list shows."""

    id: int
    collection: str
    path: str
    digest: str
    added_at: datetime
    kind: str
    title: str
    size: int
    characters: int
    metadata: dict[str, Any]
    notes: tuple[str, ...]
    pages: tuple[tuple[int, int, int, str], ...]
    """Number, start, end, label of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord(DocumentRow):
    """A document and its whole text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """One chunk; `text` is exactly its document's text from `start` to `end`."""

    id: int
    collection: str
    document: int
    ordinal: int
    start: int
    end: int
    page: int | None
    parent_start: int | None
    parent_end: int | None
    tokens: int
    text_hash: bytes
    text: str


_DOCUMENT_COLUMNS = [
    (Document.metadata_json if each.name == "metadata" else getattr(Document, each.name)).label(each.name)
    for each in fields(DocumentRow)
]
_CHUNK_COLUMNS = [getattr(Chunk, each.name) for each in fields(ChunkRow)]


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


def digests(collection: str, path: str) -> dict[str, str]:
    """Path → digest of a source's document, or of all its parts."""
    query = select(Document.path, Document.digest).where(
        Document.collection == collection, or_(Document.path == path, _begins(f"{path}#"))
    )
    with get_database().read() as session:
        return {found: digest for found, digest in session.execute(query)}


def list_documents(collection: str, *, limit: int | None = None, after: int = 0) -> list[DocumentRow]:
    """Documents in the order in which they were added, without their texts."""
    query = select(*_DOCUMENT_COLUMNS).where(Document.collection == collection, Document.id > after)
    with get_database().read() as session:
        return [_document(row._asdict()) for row in session.execute(query.order_by(Document.id).limit(limit))]


def documents(ids: Iterable[int]) -> dict[int, DocumentRow]:
    """The documents with these ids, without their texts; those that are gone are left out."""
    found = {}
    with get_database().read() as session:
        for some in batches(list(dict.fromkeys(ids))):
            for row in session.execute(select(*_DOCUMENT_COLUMNS).where(Document.id.in_(some))):
                found[row.id] = _document(row._asdict())
    return found


def document(document_id: int) -> DocumentRecord:
    """One document and its whole text.

    Raises:
        NotFound: it was deleted or replaced.
    """
    query = select(*_DOCUMENT_COLUMNS, Document.text).where(Document.id == document_id)
    with get_database().read() as session:
        row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("The document was removed, or replaced by a newer version.")
    values = row._asdict()
    return DocumentRecord(text=values.pop("text"), **_decoded(values))


def excerpts(wanted: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int, int], str]:
    """Pieces of documents' texts, without the texts around them.

    Args:
        wanted: document's id, start, end, in characters.

    Returns:
        By what was wanted; pieces of documents that are gone are left out.
    """
    found = {}
    with get_database().read() as session:
        for each in dict.fromkeys(wanted):
            number, start, end = each
            query = select(func.substr(Document.text, start + 1, end - start)).where(Document.id == number)
            said = session.execute(query).scalar()
            if said is not None:
                found[each] = said
    return found


def chunks(ids: Iterable[int]) -> dict[int, ChunkRow]:
    """The chunks with these ids; those that are gone are left out."""
    found = {}
    with get_database().read() as session:
        for some in batches([int(each) for each in dict.fromkeys(ids)]):
            for row in session.execute(select(*_CHUNK_COLUMNS).where(Chunk.id.in_(some))):
                found[row.id] = ChunkRow(**row._asdict())
    return found


def chunk(chunk_id: int) -> ChunkRow:
    """One chunk.

    Raises:
        NotFound: its document was removed or replaced.
    """
    found = chunks([chunk_id]).get(chunk_id)
    if found is None:
        raise NotFound("The passage is gone: its document was removed, or replaced by a newer version.")
    return found


def chunks_of(document_id: int) -> list[ChunkRow]:
    """The chunks of a document, in order."""
    query = select(*_CHUNK_COLUMNS).where(Chunk.document == document_id).order_by(Chunk.ordinal)
    with get_database().read() as session:
        return [ChunkRow(**row._asdict()) for row in session.execute(query)]


def chunk_ids(collection: str) -> list[int]:
    """Ids of all chunks, ascending."""
    query = select(Chunk.id).where(Chunk.collection == collection).order_by(Chunk.id)
    with get_database().read() as session:
        return [row[0] for row in session.connection().execute(query)]


def chunk_texts(collection: str, *, after: int = 0, size: int = 5000) -> Iterator[list[tuple[int, str]]]:
    """Ids and texts of all chunks, ascending, in blocks; each is read in a transaction of its own."""
    while True:
        query = select(Chunk.id, Chunk.text).where(Chunk.collection == collection, Chunk.id > after)
        with get_database().read() as session:
            rows = [(row[0], row[1]) for row in session.connection().execute(query.order_by(Chunk.id).limit(size))]
        if rows:
            yield rows
        if len(rows) < size:
            return
        after = rows[-1][0]


def chunk_places(collection: str, ids: Sequence[int] | None = None) -> list[tuple[int, int, int | None]]:
    """Id, document and page of chunks, ascending; of all, or of these."""
    query = select(Chunk.id, Chunk.document, Chunk.page).where(Chunk.collection == collection).order_by(Chunk.id)
    found: list[tuple[int, int, int | None]] = []
    with get_database().read() as session:
        queries = [query] if ids is None else [query.where(Chunk.id.in_(some)) for some in batches(sorted(ids))]
        for each in queries:
            found.extend((row[0], row[1], row[2]) for row in session.connection().execute(each))
    return found


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


def _at_or_below(path: str) -> ColumnElement[bool]:
    return or_(Document.path == path, _begins(f"{path}#"), _begins(f"{path.rstrip('/')}/"))


def _begins(prefix: str) -> ColumnElement[bool]:
    """Compared as it is: LIKE knows wildcards, and on SQLite no upper and lower case."""
    return func.substr(Document.path, 1, len(prefix)) == prefix


def _document(values: dict[str, Any]) -> DocumentRow:
    return DocumentRow(**_decoded(values))


def _decoded(values: dict[str, Any]) -> dict[str, Any]:
    pages = tuple(
        (int(number), int(start), int(end), str(label)) for number, start, end, label in json.loads(values["pages"])
    )
    return values | {
        "metadata": json.loads(values["metadata"]),
        "notes": tuple(json.loads(values["notes"])),
        "pages": pages,
    }


def _storable(text: str) -> str:
    """Text that every database takes: PostgreSQL refuses NUL, and no encoding has lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
