"""The repository of documents and their chunks: what pages, searches and indexes read; SQLite and PostgreSQL.

How they are changed is in `core.store.document_changes`, whose names are here too. Knows nothing of how a text was
found or split.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.errors import NotFound
from core.store.database import get_database
from core.store.document_changes import NewChunk, NewDocument, remove, replace_documents
from core.store.tables import Chunk, Document
from core.store.vectors import batches

__all__ = [
    "ChunkRow",
    "DocumentRecord",
    "DocumentRow",
    "NewChunk",
    "NewDocument",
    "chunk",
    "chunk_counts",
    "chunk_ids",
    "chunk_places",
    "chunk_texts",
    "chunks",
    "chunks_of",
    "document",
    "documents",
    "excerpts",
    "list_documents",
    "remove",
    "replace_documents",
    "versions",
]


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


def versions(collection: str) -> dict[str, str]:
    """Path → digest of all documents."""
    query = select(Document.path, Document.digest).where(Document.collection == collection)
    with get_database().read() as session:
        return {row[0]: row[1] for row in session.connection().execute(query)}


def chunk_counts(collection: str) -> dict[str, int]:
    """Path → number of chunks, of all documents that have some."""
    query = (
        select(Document.path, func.count())
        .join(Chunk, Chunk.document == Document.id)
        .where(Document.collection == collection)
        .group_by(Document.id, Document.path)
    )
    with get_database().read() as session:
        return {row[0]: row[1] for row in session.connection().execute(query)}


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
