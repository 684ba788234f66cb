"""The bundled embedding model: what its vectors must hold, whatever the version of the library."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import NotFound
from core.models import embedding
from core.models.embedding import DIMENSION, embed

TEXTS = ["How do I boil an egg?", "Cooking time for a soft-boiled egg", "The stock market fell on Monday.", ""]


def test_vectors_have_length_one_and_the_likest_texts_are_nearest() -> None:
    vectors = embed(TEXTS)
    assert vectors.shape == (len(TEXTS), DIMENSION) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > 0.6 > 0.3 > likeness[0, 2]


def test_a_text_has_one_vector_whoever_is_beside_it() -> None:
    alone, together = embed(TEXTS[:1])[0], embed(TEXTS)[0]
    assert np.allclose(alone, together, atol=1e-5)


def test_what_the_model_does_not_read_changes_nothing() -> None:
    long = "egg " * 400
    first, second = embed([long, long + "the stock market"])
    assert np.allclose(first, second, atol=1e-6)


def test_no_texts_are_no_vectors() -> None:
    assert embed([]).shape == (0, DIMENSION)


def test_without_the_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "PACKAGE", "no_such_package_here")
    with pytest.raises(NotFound, match="make setup"):
        embedding.folder()
