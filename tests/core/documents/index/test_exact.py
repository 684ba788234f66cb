"""The exact search against a plain sort, whatever is added, removed, filtered or too large to keep."""

import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.documents import index
from core.documents.index import exact
from core.errors import InvalidInput, NotFound
from core.store import collections, documents
from core.store.collections import CollectionRow
from tests.core.store.document_rows import DIMENSION, collection, new, vector, write


def brute(row: CollectionRow, query: np.ndarray, k: int) -> list[tuple[int, float]]:
    scored = []
    for chunk in documents.chunks(documents.chunk_ids(row.id)).values():
        scored.append((chunk.id, float(vector(chunk.text) @ query / np.linalg.norm(query))))
    return sorted(scored, key=lambda each: (-each[1], each[0]))[:k]


def check(row: CollectionRow, k: int = 5) -> None:
    row = collections.by_id(row.id)
    queries = np.stack([vector("a question"), 3 * vector("another")])
    for query, found in zip(queries, index.nearest(row, queries, k), strict=True):
        wanted = brute(row, query, k)
        assert [chunk for chunk, _ in found] == [chunk for chunk, _ in wanted]
        np.testing.assert_allclose([score for _, score in found], [score for _, score in wanted], atol=1e-5)


_STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS, st.integers(1, 12))
def test_it_follows_every_change(steps: list[tuple[str, int]], k: int) -> None:
    for left in collections.list_all():
        collections.delete(left.id)
    row = collection()
    for number, (path, size) in enumerate(steps):
        if size:
            write(row, new(path, *(f"{number} {place}" for place in range(size)), digest=str(number)))
        else:
            documents.remove(row.id, [path])
        check(row, k)


def test_a_collection_too_large_to_keep_is_read_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    row = collection()
    write(row, *(new(f"d{number}", *(f"{number} {place}" for place in range(9))) for number in range(9)))
    monkeypatch.setattr(exact, "MEMORY_BYTES", 100)
    monkeypatch.setattr("core.store.vectors.BLOCK", 7)
    check(row)
    assert exact.size(collections.by_id(row.id)) == 81
    assert not exact._kept


def test_equal_scores_are_ordered_by_id() -> None:
    row = collection()
    write(row, *(new(f"d{number}", "the same") for number in range(30)))
    [found] = index.nearest(row.name, vector("the same"), 10)
    assert [chunk for chunk, _ in found] == documents.chunk_ids(row.id)[:10]


def test_nothing_there_is_an_empty_answer() -> None:
    row = collection()
    assert index.nearest(row.name, np.ones((2, 7), np.float32), 5) == [[], []]
    write(row, new("a", "one"))
    assert index.nearest(row.name, vector("one"), 0) == [[]]
    assert len(index.nearest(row.name, vector("one"), 50)[0]) == 1
    assert [score for _, score in index.nearest(row.name, np.zeros(DIMENSION, np.float32), 5)[0]] == [0.0]


def test_another_models_vector_is_refused_in_a_sentence() -> None:
    row = collection()
    write(row, new("a", "one"))
    with pytest.raises(InvalidInput, match=r"has 768 dimensions, but “papers” was built with minilm \(16-d\)"):
        index.nearest(row.name, np.ones(768, np.float32), 5)
    with pytest.raises(NotFound):
        index.nearest("nothing", np.ones(768, np.float32), 5)


@pytest.mark.parametrize(
    ("where", "paths"),
    [
        ({"source": "a"}, {"a"}),
        ({"year": {"$gte": 2020}}, {"b", "c"}),
        ({"year": {"$gt": 2019.5}}, {"b", "c"}),
        ({"$or": [{"source": "a"}, {"year": 2021}]}, {"a", "c"}),
        ({"year": {"$ne": 2019}}, {"b", "c", "d"}),
        ({"source": {"$in": ["a", "d"]}}, {"a", "d"}),
        ({"page": {"$gte": 2}}, {"a", "b", "c", "d"}),
        ({"page": 9}, set()),
        ({"kind": "pdf", "year": 2020}, {"b"}),
    ],
)
def test_conditions_on_metadata(where: dict[str, object], paths: set[str]) -> None:
    row = collection()
    write(
        row,
        new("a", "1", "2", metadata={"year": 2019}),
        new("b", "3", "4", metadata={"year": 2020}, kind="pdf"),
        new("c", "5", "6", metadata={"year": 2021, "source": "hidden by the path"}),
        new("d", "7", "8"),
    )
    [found] = index.nearest(row.name, vector("q"), 50, where)
    chunks = documents.chunks([chunk for chunk, _ in found])
    rows = documents.documents({each.document for each in chunks.values()})
    assert {rows[each.document].path for each in chunks.values()} == paths
    if "page" in where:
        assert all(each.page == 2 for each in chunks.values())


def test_readers_meet_writers_and_see_no_error() -> None:
    row = collection()
    write(row, new("a", *(str(number) for number in range(50))))
    errors: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                index.nearest(row.name, np.stack([vector("q"), vector("r")]), 5)
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(15):
        write(row, new("b", *(f"{number} {place}" for place in range(20)), digest=str(number)))
        documents.remove(row.id, ["b"])
    stop.set()
    for reader in readers:
        reader.join()
    assert errors == []
    check(row)
