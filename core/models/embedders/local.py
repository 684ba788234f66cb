"""Embedding models on this machine, through sentence-transformers: the bundled one, downloads and folders.

Loads safetensors only, from this machine only, never code from a repository; computes in fp32, in which published
figures were made. Texts go to the model through a tokenizer of our own and in batches of like length, which is faster
than the library's `encode` and safe from several threads; a model for which that gives other vectors (tried when it is
loaded) goes through the library. Knows nothing of what the vectors are for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.errors import LoupeError, ModelFailed, ModelLoadError, OutOfMemory, Unsupported
from core.models.device import device
from core.models.reading import READING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Task = Literal["query", "document"]
ROWS = {"cpu": 16, "cuda": 256}
"""Texts of a batch at most: on two cores 8–16 was fastest for chunks of 200 tokens, 32 about a tenth slower."""
BATCH_TOKENS = {"cpu": 16 * 512, "cuda": 256 * 512}
"""Rows times the longest row of a batch at most, so that memory does not grow with a model's context."""
COUNTED_AT_ONCE = 2048
CLOSE = 1e-5
"""Largest difference in a vector's numbers that rounding explains."""


def load_minilm() -> LocalEmbedder:
    """The bundled all-MiniLM-L6-v2.

    Source: Reimers and Gurevych 2019, “Sentence-BERT”, as packaged in sentence-transformers/all-MiniLM-L6-v2.

    Raises:
        NotFound: the package is not installed.
        ModelLoadError: its files could not be loaded.
    """
    from core.models.embedding import folder

    return LocalEmbedder("minilm", "all-MiniLM-L6-v2", folder())


def load_quietly(ref: str, make: Any) -> Any:
    """What `make()` returns, without progress bars, its failures as one sentence.

    Raises:
        ModelLoadError, OutOfMemory: see there.
    """
    import torch
    from transformers.utils import logging as library

    library.set_verbosity_error()  # stderr is for a person: no progress bars
    library.disable_progress_bar()
    try:
        with READING:
            return make()
    except LoupeError:
        raise
    except torch.OutOfMemoryError:
        raise OutOfMemory(f"{ref} does not fit into the device's memory; unload other models.") from None
    except Exception as error:  # the library raises anything at all on files that somebody else wrote
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelLoadError(f"{ref} could not be loaded: {text}") from None


class LocalEmbedder:
    """A SentenceTransformer in this process; satisfies `Embedder`.

    Args:
        ref, name: what it is called.
        folder: checked already.

    Raises:
        ModelLoadError, OutOfMemory: it could not be loaded.
        Unsupported: its tokenizer cannot say where its tokens lie.
    """

    special_tokens: int

    def __init__(self, ref: str, name: str, folder: Path) -> None:
        self.ref = ref
        self.name = name
        self._lock = threading.Lock()  # the library's own tokenizer is not thread-safe
        self._model: Any = load_quietly(ref, lambda: _load(folder))
        self._where = str(self._model.device.type)
        self.dimension = int(self._model.get_embedding_dimension())
        tokenizer: Any = self._model.tokenizer
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise Unsupported(f"{ref} has a tokenizer without character offsets; use a model with a tokenizer.json.")
        longest = self._model.max_seq_length
        self.max_tokens: int | None = int(longest) if isinstance(longest, int) and 0 < longest < 2**24 else None
        self._prompts: dict[Task, str] = {task: self._model.prompts.get(task) or "" for task in ("query", "document")}
        self._whole = _bare(backend)
        self._cut = _bare(backend)
        if self.max_tokens:
            self._cut.enable_truncation(self.max_tokens)
        self._pad = int(tokenizer.pad_token_id or 0)
        self._segments = "token_type_ids" in tokenizer.model_input_names
        self.special_tokens = len(self._whole.encode(self._prompts["document"]))
        self._direct = load_quietly(ref, self._direct_is_right)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.encode_documents`."""
        return self._encode(list(texts), "document")

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.encode_queries`."""
        return self._encode(list(texts), "query")

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """See `Embedder.token_offsets`."""
        offsets: list[tuple[int, int]] = self._whole.encode(text, add_special_tokens=False).offsets
        return offsets

    def count(self, texts: Sequence[str]) -> list[int]:
        """See `Embedder.count`."""
        counts: list[int] = []
        for start in range(0, len(texts), COUNTED_AT_ONCE):
            batch = list(texts[start : start + COUNTED_AT_ONCE])
            counts += [len(encoding) for encoding in self._whole.encode_batch_fast(batch, add_special_tokens=False)]
        return counts

    def _encode(self, texts: list[str], task: Task) -> NDArray[np.float32]:
        import numpy as np
        import torch

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        try:
            vectors = self._through_model(texts, task) if self._direct else self._through_library(texts, task)
        except torch.OutOfMemoryError:
            raise OutOfMemory(
                f"The vectors of {self.ref} do not fit into the device's memory; unload models."
            ) from None
        except RuntimeError as error:
            text = " ".join(str(error).split())[:300]
            raise ModelFailed(f"{self.ref} failed while it computed vectors: {text}") from None
        if not np.isfinite(vectors).all():
            raise ModelFailed(
                f"{self.ref} computed a vector that is not made of finite numbers; its weights are damaged."
            )
        return vectors

    def _through_library(self, texts: list[str], task: Task) -> NDArray[np.float32]:
        import numpy as np

        encode = self._model.encode_query if task == "query" else self._model.encode_document
        with self._lock:
            vectors = encode(texts, batch_size=ROWS[self._where], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def _through_model(self, texts: list[str], task: Task) -> NDArray[np.float32]:
        """Longest texts first, so that a batch pads little and what does not fit into memory shows at once."""
        import numpy as np
        import torch

        prompt = self._prompts[task]
        encodings = self._cut.encode_batch_fast([prompt + text for text in texts] if prompt else texts)
        ids = [encoding.ids for encoding in encodings]
        order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        with torch.inference_mode():
            while done < len(order):
                width = max(len(ids[order[done]]), 1)
                rows = order[done : done + max(1, min(ROWS[self._where], BATCH_TOKENS[self._where] // width))]
                vectors[rows] = self._batch([ids[row] for row in rows], width)
                done += len(rows)
        return vectors

    def _batch(self, rows: list[list[int]], width: int) -> NDArray[np.float32]:
        import torch

        where = self._model.device
        ids = torch.full((len(rows), width), self._pad, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row, dtype=torch.long)
            mask[index, : len(row)] = 1
        features = {"input_ids": ids.to(where), "attention_mask": mask.to(where)}
        if self._segments:
            features["token_type_ids"] = torch.zeros_like(features["input_ids"])
        output = self._model(features)["sentence_embedding"]
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(output, dim=1).float().cpu().numpy()
        return vectors

    def _direct_is_right(self) -> bool:
        """Whether `_through_model` gives the library's vectors; tried on short, long and mixed texts."""
        import numpy as np

        texts = ["How many?", "", "A lens bends light; 東京, naïve. " * (min(self.max_tokens or 256, 256) // 8)]
        for task in ("query", "document") if len(set(self._prompts.values())) > 1 else ("document",):
            expected = self._through_library(texts, task)
            try:
                found = self._through_model(texts, task)
            except Exception:  # a model with inputs of its own: the library knows them
                return False
            if not np.allclose(found, expected, atol=CLOSE):
                return False
        return True


def _load(folder: Path) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(
        str(folder),
        device=str(device()),
        local_files_only=True,
        model_kwargs={"dtype": torch.float32, "use_safetensors": True},
    ).eval()


def _bare(backend: Any) -> Any:
    """A copy that neither cuts nor pads, and that nobody else sets up otherwise."""
    from tokenizers import Tokenizer

    copy: Any = Tokenizer.from_str(backend.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy
