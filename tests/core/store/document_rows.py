"""Documents made for tests: words as text, vectors by seed, written through the repository."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.store import collections, documents
from core.store.collections import CollectionRow
from core.store.documents import NewChunk, NewDocument
from core.store.vectors import text_hash

DIMENSION = 16
SPLITTER = '{"splitter": "none"}'


def collection(name: str = "papers", embedding: str = "minilm") -> CollectionRow:
    return collections.create(name, embedding=embedding, splitter=SPLITTER)


def new(path: str, *pieces: str, digest: str = "1", **options: object) -> NewDocument:
    """A document whose chunks are `pieces`, a blank between them; pages count from 1, one a piece."""
    text, chunks = "", []
    for number, piece in enumerate(pieces, 1):
        start = len(text)
        text += piece
        chunks.append(NewChunk(start=start, end=len(text), page=number, tokens=3, text_hash=text_hash(piece)))
        text += " "
    values = {"kind": "text", "title": path.upper(), "size": len(text.encode()), "text": text, "chunks": chunks}
    return NewDocument(path=path, digest=digest, **(values | options))  # type: ignore[arg-type]


def vector(text: str, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """Any vector of length 1, always the same for a text."""
    found = np.random.default_rng(list(text_hash(text))).standard_normal(dimension).astype(np.float32)
    return found / np.float32(np.linalg.norm(found))


def vectors_of(made: Sequence[NewDocument], dimension: int = DIMENSION) -> dict[bytes, NDArray[np.float32]]:
    found = {}
    for document in made:
        for chunk in document.chunks:
            found[chunk.text_hash] = vector(document.text[chunk.start : chunk.end], dimension)
    return found


def write(row: CollectionRow, *made: NewDocument, remove: Sequence[str] = (), dimension: int = DIMENSION) -> set[bytes]:
    return documents.replace_documents(
        row.id,
        made,
        embedding=row.embedding,
        dimension=dimension,
        vectors=vectors_of(made, dimension),
        remove=remove,
    )


def everything(row: CollectionRow) -> dict[str, list[str]]:
    """Path → texts of the chunks, of all documents."""
    return {
        each.path: [chunk.text for chunk in documents.chunks_of(each.id)] for each in documents.list_documents(row.id)
    }
