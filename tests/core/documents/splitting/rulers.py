"""Embedders for these tests: real tokenizers, and vectors that are bags of words, so that no weights are needed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from core.models.embedding import folder
from tests.conftest import CORPUS

DIMENSION = 64


class BagOfWords:
    """Satisfies `Embedder`."""

    ref = "path:/bag"
    name = "bag-of-words"
    dimension = DIMENSION
    max_tokens: int | None = 256
    special_tokens = 2

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.embedded = 0

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        vectors = np.full((len(texts), DIMENSION), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, zlib.crc32(word.strip(".,!?").encode()) % DIMENSION] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    encode_queries = encode_documents

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        offsets: list[tuple[int, int]] = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return offsets

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(each) for each in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def wordpiece() -> BagOfWords:
    """The bundled embedding model's own tokenizer."""
    tokenizer: Any = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return BagOfWords(tokenizer)


def bytes_bpe() -> BagOfWords:
    """Byte-level BPE as in RoBERTa: a blank belongs to the word behind it, and a rare sign is several tokens."""
    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    return BagOfWords(tokenizer)
