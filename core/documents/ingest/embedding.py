"""Vectors for texts: those that are cached are not computed again, and what a model returns is checked.

Knows nothing of documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from core.errors import ModelFailed
from core.store import vectors as store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.models.embedders import Embedder

BATCH = 1024
"""Texts that go to the model at once: it sorts them by length, and a longer batch has less padding."""


class Vectors:
    """The vectors of one model: looked up, computed where missing, kept. The model is loaded when it is needed."""

    def __init__(self, ref: str, embedder: Callable[[], Embedder]) -> None:
        self.ref = ref
        self._embedder = embedder

    @property
    def dimension(self) -> int:
        """Of every vector."""
        return int(self._embedder().dimension)

    def missing(self, texts: Mapping[bytes, str]) -> dict[bytes, str]:
        """Those of `texts`, by their hash, whose vector is not stored."""
        known = store.known(self.ref, texts)
        return {key: text for key, text in texts.items() if key not in known}

    def compute(self, texts: Mapping[bytes, str]) -> tuple[dict[bytes, NDArray[np.float32]], set[bytes]]:
        """New vectors of length 1 by the hash of their text, and the hashes of texts for which there is no usable one.

        Raises:
            ModelFailed: there are too few vectors, or of another dimension; none of them is to be kept.
        """
        import numpy as np

        if not texts:
            return {}, set()
        found = np.asarray(self._embedder().encode_documents(list(texts.values())))
        if found.shape != (len(texts), self.dimension):
            raise ModelFailed(
                f"The embedding model {self.ref} gave vectors of shape {found.shape} for {len(texts)} texts, where "
                f"{(len(texts), self.dimension)} belongs; nothing of this batch was kept."
            )
        found = found.astype(np.float32, copy=False)
        lengths = np.linalg.norm(found, axis=1)
        usable = np.isfinite(lengths) & (lengths > 0)
        vectors = {key: found[place] / lengths[place] for place, key in enumerate(texts) if usable[place]}
        return vectors, {key for place, key in enumerate(texts) if not usable[place]}

    def ensure(
        self, texts: Mapping[bytes, str], told: Callable[[int], None]
    ) -> tuple[dict[bytes, NDArray[np.float32]], set[bytes]]:
        """Compute what is missing, a batch at a time; all but the last batch are stored as they come.

        Args:
            texts: by their hash.
            told: called with the number of texts done after every batch; what it raises ends the work.

        Returns:
            The vectors that are not stored yet, and hashes of texts without a usable vector.

        Raises:
            ModelFailed: the model's answer cannot be used.
            StoreError: the store cannot be written.
        """
        todo = self.missing(texts)
        done = len(texts) - len(todo)
        keys = list(todo)
        vectors: dict[bytes, NDArray[np.float32]] = {}
        bad: set[bytes] = set()
        for start in range(0, len(keys), BATCH):
            store.save(self.ref, vectors)
            some = keys[start : start + BATCH]
            vectors, unusable = self.compute({key: todo[key] for key in some})
            bad |= unusable
            done += len(some)
            told(done)
        return vectors, bad
