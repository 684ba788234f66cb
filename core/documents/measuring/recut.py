"""The documents of a collection, cut in another way, as a collection for as long as it is needed.

Knows nothing of what it is needed for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from core import jobs
from core.documents.ingest.embedding import Vectors
from core.documents.settings import SplitSettings
from core.errors import InvalidInput, NotFound
from core.store import collections, documents, vectors
from core.store.collections import CollectionRow
from core.store.documents import DocumentRecord, NewChunk, NewDocument
from core.store.vectors import text_hash

if TYPE_CHECKING:
    from core.models.embedders import Embedder

PREFIX = "(measuring)"
"""How the names of such collections begin; a person may see them while a grid is measured."""
GROUP_CHUNKS = 1024


def sized(present: SplitSettings, chunk_size: int) -> SplitSettings:
    """The same way to split with chunks of `chunk_size` tokens; their overlap stays the same share of them.

    A collection that keeps documents whole is cut by the recursive splitter, since there is no size to change.

    Raises:
        InvalidInput: the size is out of range.
    """
    splitter = "recursive" if present.splitter == "none" else present.splitter
    share = present.chunk_overlap / present.chunk_size
    if not isinstance(chunk_size, int) or chunk_size < 1:
        raise InvalidInput(f"chunk_size is {chunk_size!r}: it must be a number of tokens.", "chunk_size")
    return SplitSettings.parse(
        splitter=splitter,
        chunk_size=chunk_size,
        chunk_overlap=min(chunk_size - 1, round(share * chunk_size)),
        parent_size=max(present.parent_size, chunk_size),
        breakpoint_percentile=present.breakpoint_percentile,
    )


@contextmanager
def recut(
    source: CollectionRow, split: SplitSettings, owner: str, told: Callable[[float], None]
) -> Iterator[tuple[str, int]]:
    """A collection of `source`'s documents, cut by `split`; deleted at the end of the block, whatever ends it.

    Args:
        source: the collection; it is only read.
        split: how to cut.
        owner: the job it belongs to, by its id.
        told: called with the share that is done, from 0 to 1; what it raises ends the work.

    Yields:
        Its name, and how many chunks it has.
    """
    name = f"{PREFIX} {source.name[:40]}, {split.chunk_size} tokens, {owner[:16]}"
    _remove(name)
    row = collections.create(name, embedding=source.embedding, splitter=split.model_dump_json())
    try:
        yield name, _fill(row, source, split, told)
    finally:
        _remove(name)


def remove_leftovers(own: str) -> None:
    """Delete such collections whose job has ended: its process was killed, and nobody resumed it."""
    ended = {each.id[:16] for each in jobs.list_jobs(kind="grid", limit=1000) if not each.active or each.id == own}
    for row in collections.list_all():
        if row.name.startswith(PREFIX) and row.name.rpartition(" ")[2] in ended:  # so that no collection of a person is
            _remove(row.name)


def _fill(row: CollectionRow, source: CollectionRow, split: SplitSettings, told: Callable[[float], None]) -> int:
    from core.models.embedders import get_embedder

    embedder = get_embedder(source.embedding)
    store = Vectors(source.embedding, lambda: embedder)
    listed = documents.list_documents(source.id)
    waiting: list[NewDocument] = []
    texts: dict[bytes, str] = {}
    chunks = 0
    for number, each in enumerate(listed, 1):
        try:
            document = documents.document(each.id)
        except NotFound:  # removed meanwhile
            continue
        new, said = _cut(document, split, embedder)
        waiting.append(new)
        texts |= said
        if len(texts) >= GROUP_CHUNKS or number == len(listed):
            chunks += _store(row, store, waiting, texts, lambda: told((number - 1) / len(listed)))  # noqa: B023
            waiting, texts = [], {}
        told(number / len(listed))
    return chunks


def _store(
    row: CollectionRow, store: Vectors, waiting: list[NewDocument], texts: dict[bytes, str], told: Callable[[], None]
) -> int:
    new, unusable = store.ensure(texts, lambda done: told())
    kept = []
    for document in waiting:
        chunks = [chunk for chunk in document.chunks if chunk.text_hash not in unusable]
        kept.append(_with(document, chunks))
    documents.replace_documents(row.id, kept, embedding=row.embedding, dimension=store.dimension, vectors=new)
    vectors.forget(unusable)
    return sum(len(document.chunks) for document in kept)


def _cut(document: DocumentRecord, split: SplitSettings, embedder: Embedder) -> tuple[NewDocument, dict[bytes, str]]:
    from core.documents.splitting import split as split_text

    spans = split_text(document.text, split, embedder, kind=document.kind)
    starts = [start for _, start, _, _ in document.pages]
    texts = [document.text[span.start : span.end] for span in spans]
    chunks = []
    for span, text in zip(spans, texts, strict=True):
        page = bisect_right(starts, span.start) - 1
        chunks.append(
            NewChunk(
                start=span.start,
                end=span.end,
                page=document.pages[page][0] if page >= 0 else None,
                tokens=0,  # nobody looks at them here, and counting takes as long as cutting
                text_hash=text_hash(text),
                parent_start=span.parent_start,
                parent_end=span.parent_end,
            )
        )
    new = NewDocument(
        path=document.path,
        digest=document.digest,
        kind=document.kind,
        title=document.title,
        size=document.size,
        text=document.text,
        chunks=chunks,
        metadata=document.metadata,
        notes=document.notes,
        pages=document.pages,
    )
    return new, {chunk.text_hash: text for chunk, text in zip(chunks, texts, strict=True)}


def _with(document: NewDocument, chunks: list[NewChunk]) -> NewDocument:
    if len(chunks) == len(document.chunks):
        return document
    return replace(document, chunks=chunks)


def _remove(name: str) -> None:
    row = collections.find(name)
    if row is not None:
        collections.delete(row.id)
