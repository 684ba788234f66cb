"""A small collection in the store, and an embedding model that counts words: real vectors, in no time.

The model is a stand-in for weights, never for what is tested: two texts are as near as they share words, in 512
dimensions.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.documents.settings import SplitSettings
from core.store import collections, documents
from core.store.collections import CollectionRow
from core.store.vectors import text_hash

DIMENSION = 512
PLANETS = {
    "mercury.txt": "Mercury is the smallest planet and the nearest to the sun.",
    "venus.txt": "Venus is the hottest planet, with clouds of sulphuric acid.",
    "earth.txt": "Earth has one moon, oceans of water and vitamin C in its oranges.",
    "mars.txt": "Mars is red with iron oxide; its volcano Olympus Mons is the highest.",
    "jupiter.txt": "Jupiter is the largest planet; its red spot is a storm.",
    "saturn.txt": "Saturn has rings of ice and a moon called Titan.",
}


class WordCounts:
    """An embedding model: a text's words, hashed to dimensions."""

    ref = name = "words"
    dimension = DIMENSION
    max_tokens: int | None = 256
    special_tokens = 2

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), DIMENSION), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % DIMENSION] += 1
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)

    encode_queries = encode_documents

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> WordCounts:
    """The model, in place of every reference."""
    model = WordCounts()
    monkeypatch.setattr("core.models.embedders.get_embedder", lambda ref="minilm": model)
    return model


def make(name: str = "planets", *, splitter: str = "none") -> CollectionRow:
    """An empty collection."""
    return collections.create(
        name, embedding="words", splitter=SplitSettings.parse(splitter=splitter).model_dump_json()
    )


def put(
    collection: CollectionRow,
    texts: dict[str, str],
    *,
    size: int | None = None,
    parent: int | None = None,
    metadata: dict[str, dict[str, Any]] | None = None,
    pages: bool = False,
) -> CollectionRow:
    """Store texts by path, each as one chunk or in chunks of `size` characters; the collection as it is then.

    Args:
        parent: characters of a parent, for which chunks are its parts.
        pages: whether chunk n lies on page n.
    """
    model, new, vectors = WordCounts(), [], {}
    for path, text in texts.items():
        step = size or len(text)
        chunks = []
        for number, start in enumerate(range(0, len(text), step), 1):
            end = min(start + step, len(text))
            said = text[start:end]
            vectors[text_hash(said)] = model.encode_documents([said])[0]
            around = (start // parent * parent, min(start // parent * parent + parent, len(text))) if parent else None
            chunks.append(
                documents.NewChunk(
                    start=start,
                    end=end,
                    page=number if pages else None,
                    tokens=1,
                    text_hash=text_hash(said),
                    parent_start=around[0] if around else None,
                    parent_end=around[1] if around else None,
                )
            )
        new.append(
            documents.NewDocument(
                path=path,
                digest=text_hash(text).hex(),
                kind="text",
                title=path.partition(".")[0].title(),
                size=len(text.encode()),
                text=text,
                chunks=chunks,
                metadata=(metadata or {}).get(path, {}),
                pages=[(n, c.start, c.end, "") for n, c in enumerate(chunks, 1)] if pages else [],
            )
        )
    documents.replace_documents(collection.id, new, embedding="words", dimension=DIMENSION, vectors=vectors)
    return collections.get(collection.name)
