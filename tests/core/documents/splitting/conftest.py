"""The two tokenizers that splitters are tried with."""

from __future__ import annotations

import pytest

from tests.core.documents.splitting.rulers import BagOfWords, bytes_bpe, wordpiece

_MADE: dict[str, BagOfWords] = {}


@pytest.fixture(scope="session", params=["wordpiece", "byte-level bpe"])
def embedder(request: pytest.FixtureRequest) -> BagOfWords:
    """Each of them."""
    if request.param not in _MADE:
        _MADE[request.param] = wordpiece() if request.param == "wordpiece" else bytes_bpe()
    return _MADE[request.param]


@pytest.fixture(scope="session")
def minilm_tokens() -> BagOfWords:
    """The bundled model's tokenizer."""
    return _MADE.setdefault("wordpiece", wordpiece())
