"""A data directory of their own for figures about documents, and a collection of made-up chunks and vectors in it.

Knows nothing of any figure.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

CHUNKS, DOCUMENTS, DIMENSION, CHARACTERS = 50_000, 500, 384, 800
WORDS = "light bends at the edge of a lens " * 40


@contextlib.contextmanager
def own_home() -> Iterator[Path]:
    """`LOUPE_HOME` is an empty folder inside."""
    from core.documents import index
    from core.settings import get_settings

    before = os.environ.get("LOUPE_HOME")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["LOUPE_HOME"] = home
        get_settings.cache_clear()
        try:
            yield Path(home)
        finally:
            index.close()
            os.environ.pop("LOUPE_HOME")
            if before is not None:
                os.environ["LOUPE_HOME"] = before
            get_settings.cache_clear()


def vectors_like_text(generator: np.random.Generator, rows: int) -> np.ndarray:
    """Vectors of length 1 around a few hundred centres, which chunks of text are and evenly spread numbers are not.

    It matters: a graph of neighbours over numbers without any structure takes Chroma three times as long.
    """
    centres = np.random.default_rng(1).normal(size=(500, DIMENSION))
    near = centres[generator.integers(0, len(centres), rows)] + 0.8 * generator.normal(size=(rows, DIMENSION))
    return (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)


def fill(name: str, chunks: int = CHUNKS) -> None:
    """Store a collection of `chunks` chunks of 800 characters, with vectors in clusters."""
    from core.documents.settings import SplitSettings
    from core.store import collections, documents
    from core.store.vectors import text_hash

    generator = np.random.default_rng(0)
    row = collections.create(name, embedding="minilm", splitter=SplitSettings().model_dump_json())
    each = chunks // DOCUMENTS
    for number in range(DOCUMENTS):
        rows = vectors_like_text(generator, each)
        texts = [f"{number} {place} {WORDS}"[:CHARACTERS] for place in range(each)]
        keys = [text_hash(text) for text in texts]
        made = [
            documents.NewChunk(
                start=place * CHARACTERS, end=(place + 1) * CHARACTERS, page=None, tokens=200, text_hash=key
            )
            for place, key in enumerate(keys)
        ]
        document = documents.NewDocument(
            path=f"{number}.txt", digest=f"{number:064d}", kind="text", title=str(number), size=each * CHARACTERS,
            text="".join(texts), chunks=made,
        )  # fmt: skip
        vectors = dict(zip(keys, rows, strict=True))
        documents.replace_documents(row.id, [document], embedding="minilm", dimension=DIMENSION, vectors=vectors)
