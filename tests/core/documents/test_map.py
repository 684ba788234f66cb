"""The map: where chunks and questions lie, against scikit-learn's principal components; what happens without chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.documents import collections
from core.documents.map import draw
from core.errors import NotFound
from core.store import documents as store
from core.store.documents import NewChunk, NewDocument
from core.store.vectors import text_hash

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def filled(name: str, vectors: NDArray[np.float32], per_file: int = 4) -> None:
    """A collection whose chunks have these vectors, `per_file` of them a document."""
    collection = collections.create(name)
    texts = [f"chunk {number:04d}\nof the text" for number in range(len(vectors))]
    found = []
    for first in range(0, len(texts), per_file):
        some = texts[first : first + per_file]
        starts = [sum(len(text) for text in some[:place]) for place in range(len(some))]
        chunks = [
            NewChunk(start=at, end=at + len(text), page=1, tokens=5, text_hash=text_hash(text))
            for at, text in zip(starts, some, strict=True)
        ]
        found.append(
            NewDocument(
                path=f"{first}.md", digest=str(first), kind="text", title="", size=1, text="".join(some), chunks=chunks
            )
        )
    by_hash = {text_hash(text): vector for text, vector in zip(texts, vectors, strict=True)}
    store.replace_documents(collection.id, found, embedding="minilm", dimension=vectors.shape[1], vectors=by_hash)


def some_vectors(count: int, dimension: int = 16) -> NDArray[np.float32]:
    import numpy as np

    random = np.random.default_rng(3)
    vectors = random.normal(size=(count, dimension)) * np.linspace(3, 0.1, dimension) + 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_points_are_the_principal_components_of_the_vectors() -> None:
    import numpy as np
    from sklearn.decomposition import PCA

    vectors = some_vectors(60)
    filled("many", vectors)
    found = draw("many")
    other = PCA(2).fit(vectors)
    expected = other.transform(vectors)
    ours = np.array([(point.x, point.y) for point in found.points])
    for axis in (0, 1):  # the sign of a component is anybody's choice
        sign = np.sign(ours[:, axis] @ expected[:, axis])
        assert np.allclose(ours[:, axis] * sign, expected[:, axis], atol=1e-4)
    assert found.kept == pytest.approx(float(other.explained_variance_ratio_.sum()), abs=1e-4)
    assert found.place(vectors[:7]) == pytest.approx(ours[:7], abs=1e-5)
    assert found.points[0].source == "0.md"
    assert found.points[5].text == "chunk 0005 of the text"


def test_a_large_collection_is_thinned_evenly_and_says_so() -> None:
    filled("large", some_vectors(40))
    found = draw("large", most=10)
    assert len(found.points) == 10
    assert found.chunks == 40
    assert len({point.document for point in found.points}) == 10


def test_one_chunk_is_a_map_too() -> None:
    filled("one", some_vectors(1))
    [point] = draw("one").points
    assert (point.x, point.y) == pytest.approx((0, 0), abs=1e-6)


def test_an_empty_collection_has_no_map() -> None:
    collections.create("empty")
    with pytest.raises(NotFound, match="nothing that could be drawn yet"):
        draw("empty")
    with pytest.raises(NotFound):
        draw("no such")
