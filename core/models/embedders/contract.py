"""What every embedding model and every reranker offers. Knows nothing of how any of them works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Texts to vectors of length 1, so that a dot product is the cosine. Safe to use from several threads at once."""

    @property
    def ref(self) -> str:
        """The canonical reference; `get_embedder(ref)` gives this model again."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector. For an endpoint the first look makes a request.

        Raises:
            EndpointError, InvalidInput: the endpoint cannot be asked.
        """

    @property
    def max_tokens(self) -> int | None:
        """Tokens it reads of a text, its own marks among them; what is beyond has no influence. `None`: unknown."""

    @property
    def special_tokens(self) -> int:
        """How many of `max_tokens` every document loses to the model's own marks and to its prompt."""

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of what is searched.

        Returns:
            Shape [len(texts), dimension], float32, each of length 1.

        Raises:
            ModelFailed, OutOfMemory, EndpointError: no vector at all is returned then.
        """

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of what is searched for; differs from documents in models that were trained with prompts.

        Returns, Raises: see `encode_documents`.
        """

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Characters `[start, end)` of every token of the whole text, without the model's own marks.

        For an endpoint, whose tokenizer is elsewhere, an approximation: see `core.models.embedders.approximate`.
        """

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, counted as `token_offsets` finds them."""


class Reranker(Protocol):
    """A model that reads query and passage together. Safe to use from several threads at once."""

    @property
    def ref(self) -> str:
        """The canonical reference."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """How well each text answers the query: raw logits, comparable within one model only, not from 0 to 1.

        Returns:
            Shape [len(texts)], float32.

        Raises:
            ModelFailed, OutOfMemory
        """
