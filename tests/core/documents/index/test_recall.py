"""Chroma against the exact search on what the bundled model makes: ten hits of 5,000 vectors, nearly all the same.

300 texts are embedded; the other vectors are mixtures of two of theirs, as near to each other as texts of one subject.
"""

import numpy as np
import pytest

from core.documents import index
from core.documents.index import exact
from core.models.embedders import get_embedder
from core.store import collections, documents
from core.store.vectors import text_hash
from tests.core.store.document_rows import collection, new

COUNT, TEXTS, QUESTIONS, HITS = 5000, 300, 100, 10
THINGS = ["lens", "prism", "mirror", "river", "mountain", "forest", "library", "engine", "violin", "bridge"]
DOES = ["bends", "gathers", "carries", "holds", "hides"]
WHERE = ["at night", "in winter", "without noise", "over the sea", "for a child", "by hand"]


@pytest.mark.slow
def test_ten_hits_of_five_thousand_are_the_exact_ones() -> None:
    model = get_embedder("minilm")
    said = [f"The {thing} {does} light {where}." for thing in THINGS for does in DOES for where in WHERE]
    base = model.encode_documents(said[:TEXTS])
    dice = np.random.default_rng(3)
    share = dice.random((COUNT + QUESTIONS, 1)).astype(np.float32)
    pairs = dice.integers(0, TEXTS, (2, COUNT + QUESTIONS))
    mixed = share * base[pairs[0]] + (1 - share) * base[pairs[1]]
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    names = [f"text {number}" for number in range(COUNT)]
    vectors = dict(zip(map(text_hash, names), mixed[:COUNT], strict=True))
    row = collection()
    made = [new("all", *names)]
    documents.replace_documents(row.id, made, embedding="minilm", dimension=model.dimension, vectors=vectors)
    row = collections.by_id(row.id)
    assert index.sync(row.name)
    queries = mixed[COUNT:]
    keeper, shared = index._of_this_home(), 0
    for query, wanted in zip(queries, exact.scan(row, queries, HITS), strict=True):
        found = keeper.query(row, query[None], HITS)
        assert found is not None
        scores = dict(wanted)
        near = {chunk for chunk, score in found[0] if chunk in scores or score >= wanted[-1][1]}  # ties count
        shared += len(near)
        both = [(score, scores[chunk]) for chunk, score in found[0] if chunk in scores]
        np.testing.assert_allclose(*np.asarray(both).T, atol=1e-5)
    assert shared >= 0.99 * HITS * QUESTIONS
