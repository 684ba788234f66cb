"""Collections as pages and command line see them: make, fill, empty, look inside; long work is started as a job.

The store holds the truth; see `core.documents.ingest` for how a file gets in and `core.documents.index` for how it is
found. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.documents.extracted import Page
from core.documents.settings import SplitSettings
from core.errors import InvalidInput
from core.store import collections as store
from core.store import documents as records
from core.store.collections import CollectionRow, Counts

DEFAULT_EMBEDDING = "minilm"


@dataclass(frozen=True, slots=True)
class Source:
    """A file or an address to add."""

    path: str
    """Where it lies: a file, or an address that begins with http:// or https://."""
    name: str = ""
    """The document's path in the collection; by default `path`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionView:
    """A collection and what it holds."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    revision: int
    embedding: str
    dimension: int | None
    next_embedding: str | None
    """The model whose vectors are being computed while the present one serves."""
    splitter: SplitSettings
    documents: int
    chunks: int
    characters: int
    size: int
    """Bytes of the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document without its text."""

    id: int
    collection: str
    """The collection's id."""
    path: str
    kind: str
    title: str
    digest: str
    size: int
    characters: int
    added_at: datetime
    metadata: dict[str, Any]
    notes: tuple[str, ...]
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkView:
    """A chunk: `text` is its document's text from `start` to `end`."""

    id: int
    document: int
    ordinal: int
    start: int
    end: int
    page: int | None
    parent_start: int | None
    parent_end: int | None
    tokens: int
    text: str


def create(name: str, splitter: SplitSettings | None = None, embedding: str = DEFAULT_EMBEDDING) -> CollectionView:
    """A new, empty collection.

    Raises:
        InvalidInput: the name cannot be one.
        Conflict: there is one of this name.
    """
    splitter = splitter or SplitSettings()
    return _view(store.create(name, embedding=embedding, splitter=splitter.model_dump_json()), Counts(0, 0, 0, 0))


def get(name: str) -> CollectionView:
    """The collection of this name.

    Raises:
        NotFound: there is none.
    """
    row = store.get(name)
    return _view(row, store.counts().get(row.id, Counts(0, 0, 0, 0)))


def list_collections() -> list[CollectionView]:
    """All collections by name."""
    counts = store.counts()
    return [_view(row, counts.get(row.id, Counts(0, 0, 0, 0))) for row in store.list_all()]


def rename(name: str, new: str) -> CollectionView:
    """Give it another name.

    Raises:
        NotFound: there is none of this name.
        InvalidInput, Conflict: the new one cannot be its name.
    """
    store.rename(store.get(name).id, new)
    return get(new)


def documents(collection: str) -> list[DocumentView]:
    """Its documents, in the order in which they were added.

    Raises:
        NotFound: there is no such collection.
    """
    return [_document(row) for row in records.list_documents(store.get(collection).id)]


def document(document_id: int) -> tuple[DocumentView, str]:
    """A document and its whole text.

    Raises:
        NotFound: it was removed, or replaced by a newer version.
    """
    record = records.document(document_id)
    return _document(record), record.text


def chunks_of(document_id: int) -> list[ChunkView]:
    """The chunks of a document, in order; none when it is gone."""
    return [_chunk(row) for row in records.chunks_of(document_id)]


def passage(chunk_id: int) -> tuple[DocumentView, str, int, int]:
    """The document of a chunk, its whole text, and where in it the chunk begins and ends.

    Raises:
        NotFound: the chunk is gone: its document was removed, or replaced by a newer version.
    """
    row = records.chunk(chunk_id)
    view, text = document(row.document)
    return view, text, row.start, row.end


def remove(collection: str, paths: Iterable[str]) -> list[str]:
    """Delete documents, with their parts and what lies below a folder.

    Returns:
        Paths of what was deleted.

    Raises:
        NotFound: there is no such collection.
    """
    return records.remove(store.get(collection).id, list(paths))


def split_settings(text: str) -> SplitSettings:
    """The settings that a collection keeps as JSON."""
    try:
        return SplitSettings.model_validate_json(text)
    except ValueError:
        raise InvalidInput(
            "The collection's split settings are from another version of Loupe; make a new one."
        ) from None


def _view(row: CollectionRow, counts: Counts) -> CollectionView:
    return CollectionView(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        revision=row.revision,
        embedding=row.embedding,
        dimension=row.dimension,
        next_embedding=row.next_embedding,
        splitter=split_settings(row.splitter),
        documents=counts.documents,
        chunks=counts.chunks,
        characters=counts.characters,
        size=counts.size,
    )


def _document(row: records.DocumentRow) -> DocumentView:
    return DocumentView(
        id=row.id,
        collection=row.collection,
        path=row.path,
        kind=row.kind,
        title=row.title,
        digest=row.digest,
        size=row.size,
        characters=row.characters,
        added_at=row.added_at,
        metadata=row.metadata,
        notes=row.notes,
        pages=tuple(Page(*page) for page in row.pages),
    )


def _chunk(row: records.ChunkRow) -> ChunkView:
    return ChunkView(
        id=row.id,
        document=row.document,
        ordinal=row.ordinal,
        start=row.start,
        end=row.end,
        page=row.page,
        parent_start=row.parent_start,
        parent_end=row.parent_end,
        tokens=row.tokens,
        text=row.text,
    )
