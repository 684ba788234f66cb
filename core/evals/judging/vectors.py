"""Vectors of texts, computed many at once and kept for as long as a run needs them.

Knows nothing of assertions.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 20_000
"""Vectors kept at most, the oldest going first: about 30 MB for MiniLM."""


class Vectors:
    """A cache of embeddings; safe to use from several threads at once."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()
        self._most = most

    def add(self, embedding: str, texts: Iterable[str]) -> None:
        """Compute in one go what is not there yet.

        Raises:
            LoupeError: the embedding model cannot be loaded, asked, or failed.
        """
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if (embedding, text) not in self._kept]
        if missing:
            self._keep(embedding, missing, _embed(embedding, missing))

    def of(self, embedding: str, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """One vector of length 1 for each text.

        Raises:
            LoupeError: see `add`.
        """
        with self._lock:
            found = {text: self._kept.get((embedding, text)) for text in texts}
        missing = [text for text, vector in found.items() if vector is None]
        vectors = dict(zip(missing, _embed(embedding, missing), strict=True)) if missing else {}
        self._keep(embedding, missing, list(vectors.values()))
        return [vectors[text] if (kept := found[text]) is None else kept for text in texts]

    def _keep(self, embedding: str, texts: Sequence[str], vectors: Sequence[NDArray[np.float32]]) -> None:
        with self._lock:
            for text, vector in zip(texts, vectors, strict=True):
                self._kept[embedding, text] = vector
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def _embed(embedding: str, texts: Sequence[str]) -> list[NDArray[np.float32]]:
    from core.models.embedders import get_embedder

    return list(get_embedder(embedding).encode_documents(texts))
