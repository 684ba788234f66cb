"""Rerankers: CrossEncoders of sentence-transformers, which read query and passage together.

Source: Nogueira and Cho 2019, “Passage Re-ranking with BERT”. Knows nothing of how the passages were found.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ModelFailed, OutOfMemory, Unsupported
from core.models import safety
from core.models.device import device
from core.models.embedders.local import load_quietly

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROWS = {"cpu": 16, "cuda": 128}


class CrossReranker:
    """A CrossEncoder in this process; satisfies `Reranker`.

    Raises:
        Unsupported: the folder's model gives no single score for a pair of texts.
        ModelLoadError, OutOfMemory: it could not be loaded.
    """

    def __init__(self, ref: str, name: str, folder: Path) -> None:
        self.ref = ref
        self.name = name
        self._lock = threading.Lock()  # the library's tokenizer is not thread-safe
        _require_head(ref, folder)
        self._model: Any = load_quietly(ref, lambda: _load(folder))
        self._where = str(self._model.device.type)
        if self._model.num_labels != 1:
            raise Unsupported(
                f"{ref} sorts pairs of texts into {self._model.num_labels} classes and gives no single score; use a "
                "reranker with one label."
            )

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Reranker.score`."""
        import numpy as np
        import torch

        if not texts:
            return np.empty(0, dtype=np.float32)
        pairs = [(query, text) for text in texts]
        try:
            with self._lock:
                scores = self._model.predict(pairs, batch_size=ROWS[self._where], show_progress_bar=False)
        except torch.OutOfMemoryError:
            raise OutOfMemory(f"The pairs for {self.ref} do not fit into the device's memory; rerank fewer.") from None
        except (RuntimeError, IndexError) as error:  # IndexError: a position beyond those the model has
            text = " ".join(str(error).split())[:300]
            raise ModelFailed(f"{self.ref} failed while it scored passages: {text}") from None
        found = np.asarray(scores, dtype=np.float32).reshape(len(texts))
        if not np.isfinite(found).all():
            raise ModelFailed(f"{self.ref} gave a score that is not a finite number; its weights are damaged.")
        return found


def _require_head(ref: str, folder: Path) -> None:
    """The library would put a random head on a model without one, and its scores would mean nothing."""
    architectures = safety.read_json(folder / "config.json").get("architectures")
    known = [str(name) for name in architectures] if isinstance(architectures, list) else []
    if any(name.endswith("ForSequenceClassification") for name in known):
        return
    file = folder / "config_sentence_transformers.json"
    if file.is_file() and safety.read_json(file).get("model_type") == "CrossEncoder":
        return
    raise Unsupported(
        f"{ref} is not a reranker: its model ({', '.join(known)[:80] or 'unnamed'}) has no head for scores."
    )


def _load(folder: Path) -> Any:
    import torch
    from sentence_transformers import CrossEncoder

    return CrossEncoder(
        str(folder),
        device=str(device()),
        local_files_only=True,
        activation_fn=torch.nn.Identity(),  # raw logits: a sigmoid would round the best passages to 1
        model_kwargs={"dtype": torch.float32, "use_safetensors": True},
    ).eval()
