"""An embedding model for tests: vectors by the hash of a text, tokens are words; counts what it is asked."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.core.store.document_rows import vector


class Stub:
    """Satisfies `core.models.embedders.Embedder`."""

    max_tokens: int | None = 256
    special_tokens = 2

    def __init__(self, ref: str = "minilm", dimension: int = 16, seconds: float = 0) -> None:
        self.ref = self.name = ref
        self.dimension = dimension
        self.seconds = seconds
        self.asked: list[str] = []
        self.spoilt = ""
        """A text that holds it gets a vector that is not finite."""
        self.short = False
        self.stop_after: int | None = None

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(self.seconds)
        self.asked.extend(texts)
        found = np.stack([vector(text, self.dimension) for text in texts])
        for place, text in enumerate(texts):
            if self.spoilt and self.spoilt in text:
                found[place, 0] = np.nan
        return found[:-1] if self.short else found

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_documents(texts)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]
