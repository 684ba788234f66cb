"""Collections as pages and command line see them: make, fill, empty, look inside; long work is started as a job.

The store holds the truth; see `core.documents.ingest` for how a file gets in and `core.documents.index` for how it is
found. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import jobs
from core.documents.extracted import Page
from core.documents.settings import SplitSettings
from core.errors import Conflict, InvalidInput
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
        InvalidInput: the name cannot be one, or the embedding model's reference is none.
        Conflict: there is one of this name.
    """
    from core.models.embedders import canonical

    splitter, embedding = splitter or SplitSettings(), canonical(embedding)
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


def delete(name: str) -> None:
    """Delete it with its documents, chunks, vectors and index.

    Raises:
        NotFound: there is none of this name.
    """
    from core.documents import index

    row = store.get(name)
    store.delete(row.id)
    index.forget(row.id)


def add(
    collection: str,
    sources: Iterable[Source],
    split: SplitSettings | None = None,
    embedding: str | None = None,
) -> str:
    """Start the job that adds files, folders and addresses; its id.

    Its result is `{"collection", "files": [{"path", "status", "chunks", "reason"}], "chunks"}`.

    Args:
        collection: its name.
        sources: what to add; a folder stands for everything below it.
        split: how to split; a collection that holds documents keeps its way.
        embedding: the embedding model; a collection that holds documents keeps its own.

    Raises:
        NotFound: there is no such collection.
        InvalidInput: there is nothing to add.
        Conflict: the collection was built with other settings.
    """
    from core.models.embedders import canonical

    row = store.get(collection)
    wanted = [{"path": each.path, "name": each.name} for each in sources]
    if not wanted:
        raise InvalidInput("There is nothing to add: name a file, a folder or an address.")
    if embedding is not None and (embedding := canonical(embedding)) != row.embedding:
        if row.dimension is not None:
            raise Conflict(
                f"The collection “{row.name}” was built with {row.embedding} ({row.dimension}-d), not {embedding}; "
                f"leave the model out, or change it for the whole collection (loupe docs rebuild --embedding)."
            )
        store.set_embedding(row.id, embedding)
    if split is not None and split != (present := split_settings(row.splitter)):
        try:
            store.set_splitter(row.id, split.model_dump_json())
        except Conflict:
            raise Conflict(
                f"The collection “{row.name}” is split by {said(present)}, not by {said(split)}; leave these settings "
                "out, or make another collection."
            ) from None
    what = wanted[0]["name"] or wanted[0]["path"]
    title = f"Add {what.rpartition('/')[2] or what}" if len(wanted) == 1 else f"Add {len(wanted):,} files"
    return jobs.start("ingest", f"{title} to {row.name}", {"collection": row.id, "sources": wanted})


def rebuild(collection: str) -> str:
    """Start the job that makes the collection's index anew from the store; its id.

    Raises:
        NotFound: there is no such collection.
    """
    row = store.get(collection)
    return jobs.start("rebuild", f"Rebuild the index of {row.name}", {"collection": row.id})


def change_embedding(collection: str, ref: str) -> str:
    """Start the job that computes vectors with another model and then searches with them; its id.

    The present model serves until the last vector is there.

    Raises:
        NotFound: there is no such collection.
        Conflict: this is its model already.
    """
    from core.models.embedders import canonical

    row, ref = store.get(collection), canonical(ref)
    if ref == row.embedding and row.next_embedding is None:
        raise Conflict(f"The collection “{row.name}” is searched with {ref} already.")
    return jobs.start("reembed", f"Change {row.name} to {ref}", {"collection": row.id, "embedding": ref})


def documents(collection: str) -> list[DocumentView]:
    """Its documents, in the order in which they were added.

    Raises:
        NotFound: there is no such collection.
    """
    return [_document(row) for row in records.list_documents(store.get(collection).id)]


def chunk_counts(collection: str) -> dict[str, int]:
    """Path → number of chunks, of its documents.

    Raises:
        NotFound: there is no such collection.
    """
    return records.chunk_counts(store.get(collection).id)


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


def said(settings: SplitSettings) -> str:
    """The way to split in a few words: `recursive (200 tokens, overlap 20)`."""
    if settings.splitter == "none":
        return "none (one chunk a document)"
    words = f"{settings.chunk_size} tokens"
    if settings.splitter in ("fixed", "recursive", "sentence", "parent-child"):
        words += f", overlap {settings.chunk_overlap}"
    if settings.splitter == "semantic":
        words += f", percentile {settings.breakpoint_percentile:g}"
    if settings.splitter == "parent-child":
        words += f", parents {settings.parent_size}"
    return f"{settings.splitter} ({words})"


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
