"""Embedding models behind OpenAI-compatible endpoints: `/embeddings`, batch by batch, every reply checked.

A batch with a missing vector, a number that is none or a dimension that changes is rejected as a whole. The tokenizer
is elsewhere, so tokens are counted approximately. Knows nothing of what the vectors are for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import EndpointError
from core.models.embedders import approximate
from core.models.endpoint_errors import explain, retry_after
from core.models.endpoints import api_key, open_client
from core.models.wire import Wire
from core.settings import Endpoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
MAX_TEXTS = 64
MAX_CHARACTERS = 200_000
"""Of one request; providers limit both (OpenAI: 2,048 texts and 300,000 tokens)."""
MAX_REPLY_BYTES = 64 * 2**20
PROBE = "dimension"


class EndpointEmbedder:
    """A model at an endpoint; satisfies `Embedder`. No request is made before the first vector is wanted."""

    max_tokens: int | None = None
    special_tokens = 0

    def __init__(self, ref: str, endpoint: Endpoint, name: str) -> None:
        self.ref = ref
        self.name = name
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._dimension: int | None = None

    @property
    def dimension(self) -> int:
        """See `Embedder.dimension`."""
        if self._dimension is None:
            self._encode([PROBE])
        return int(self._dimension or 0)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.encode_documents`."""
        return self._encode(list(texts))

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.encode_queries`; the interface knows no difference to documents."""
        return self._encode(list(texts))

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """See `core.models.embedders.approximate`."""
        return approximate.token_offsets(text)

    def count(self, texts: Sequence[str]) -> list[int]:
        """See `core.models.embedders.approximate`."""
        return [approximate.count(text) for text in texts]

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.concatenate([self._request(batch) for batch in batches(texts)])

    def _request(self, texts: list[str]) -> NDArray[np.float32]:
        key = api_key(self._endpoint)
        pause = threading.Event()
        for attempt in range(ATTEMPTS):
            try:
                with open_client(self._endpoint, Wire(MAX_REPLY_BYTES)) as client:
                    reply = client.embeddings.create(model=self.name, input=texts, encoding_format="float")
                return self._checked(reply, len(texts))
            except Exception as error:  # a foreign server can fail in any way; each becomes one sentence
                wait = retry_after(error)
                if wait is None or attempt == ATTEMPTS - 1:
                    raise explain(error, self._endpoint, key, self.name) from None
                pause.wait(max(wait, FIRST_PAUSE_S * 2**attempt))
        raise EndpointError(f"The endpoint {self._endpoint.name} gave no vectors.")

    def _checked(self, reply: Any, asked: int) -> NDArray[np.float32]:
        """The vectors of a reply in the order of the texts, each of length 1.

        Raises:
            EndpointError: one sentence on what is wrong with it.
        """
        import numpy as np

        said = f"The endpoint {self._endpoint.name} was asked for {asked} vectors of {self.name} and"
        rows = reply.data
        if not isinstance(rows, list) or len(rows) != asked:
            given = len(rows) if isinstance(rows, list) else "no"
            raise EndpointError(f"{said} gave {given}; nothing of this batch was kept. Try again with another model.")
        places = [row.index for row in rows]
        if sorted(places) != list(range(asked)):
            raise EndpointError(f"{said} did not say which text each belongs to; nothing of this batch was kept.")
        try:
            lists = [row.embedding for row in sorted(rows, key=lambda row: int(row.index))]
            widths = {len(numbers) for numbers in lists}
            vectors = np.asarray(lists, dtype=np.float64) if len(widths) == 1 else np.empty((asked, 0))
        except (TypeError, ValueError):
            raise EndpointError(f"{said} gave something that is no vector; nothing of this batch was kept.") from None
        if vectors.ndim != 2 or not vectors.shape[1]:
            shown = ", ".join(str(width) for width in sorted(widths)[:5])
            raise EndpointError(f"{said} gave vectors of unlike length ({shown}); nothing of this batch was kept.")
        with np.errstate(over="ignore", invalid="ignore"):  # such a vector is refused below
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(vectors).all() or not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise EndpointError(
                f"{said} gave one that is not made of finite numbers, or all zeros; nothing of this batch was kept."
            )
        self._same_dimension(int(vectors.shape[1]), said)
        unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
        return unit

    def _same_dimension(self, found: int, said: str) -> None:
        with self._lock:
            if self._dimension is None:
                self._dimension = found
            if found != self._dimension:
                raise EndpointError(
                    f"{said} gave vectors of {found} numbers, where those before had {self._dimension}; nothing of "
                    "this batch was kept. Does the endpoint serve another model under this name now?"
                )


def batches(texts: list[str]) -> Iterator[list[str]]:
    """The texts in order, in batches within the limits; a longer text goes alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == MAX_TEXTS or size + len(text) > MAX_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch
