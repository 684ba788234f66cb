"""Documents, chunks and vectors in the store: replaced and removed whole, shared where equal, never doubled."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from core.errors import Conflict, InvalidInput, NotFound, StoreError
from core.store import collections, documents, vectors
from core.store.database import get_database
from tests.core.store.document_rows import collection, everything, new, vector, write


def stored_vectors() -> int:
    with get_database().read() as session:
        return int(session.execute(sql("SELECT count(*) FROM embeddings")).scalar_one())


def test_a_document_comes_back_as_it_was_and_its_chunks_are_its_text() -> None:
    row = collection()
    made = new("a.pdf", "Größe 🙂", "second", metadata={"year": 2020, "draft": True, "x": 0.5}, notes=["a note"])
    made = documents.NewDocument(**{**{f: getattr(made, f) for f in made.__slots__}, "pages": [(1, 0, 7, "i")]})
    write(row, made)
    [listed] = documents.list_documents(row.id)
    found = documents.document(listed.id)
    assert (found.path, found.text, found.digest) == ("a.pdf", "Größe 🙂 second ", "1")
    assert found.metadata == {"year": 2020, "draft": True, "x": 0.5}
    assert found.notes == ("a note",)
    assert found.pages == ((1, 0, 7, "i"),)
    assert found.characters == len(found.text)
    chunks = documents.chunks_of(found.id)
    assert [found.text[each.start : each.end] for each in chunks] == [each.text for each in chunks]
    assert [each.page for each in chunks] == [1, 2]
    assert documents.excerpts([(found.id, 0, 7), (999, 0, 1)]) == {(found.id, 0, 7): "Größe 🙂"}


def test_a_new_version_replaces_its_own_chunks_and_no_others() -> None:
    row = collection()
    write(row, new("a", "one", "two"), new("b", "three"))
    before = {each.path: each.id for each in documents.list_documents(row.id)}
    ids = set(documents.chunk_ids(row.id))
    write(row, new("a", "one", "four", digest="2"))
    assert everything(row) == {"b": ["three"], "a": ["one", "four"]}
    after = {each.path: each.id for each in documents.list_documents(row.id)}
    assert after["b"] == before["b"]
    fresh = set(documents.chunk_ids(row.id)) - ids
    assert len(fresh) == 2
    assert min(fresh) > max(ids)


def test_ids_are_never_used_again() -> None:
    row = collection()
    write(row, new("a", "one"))
    [old] = documents.chunk_ids(row.id)
    documents.remove(row.id, ["a"])
    write(row, new("a", "one"))
    assert documents.chunk_ids(row.id) > [old]


def test_the_same_version_again_changes_nothing() -> None:
    row = collection()
    write(row, new("a", "one"))
    ids = documents.chunk_ids(row.id)
    write(row, new("a", "one"))
    assert documents.chunk_ids(row.id) == ids


def test_two_paths_with_equal_content_both_exist_and_share_vectors() -> None:
    row, other = collection(), collection("other")
    write(row, new("a", "same"), new("b", "same"))
    write(other, new("c", "same"))
    assert everything(row) == {"a": ["same"], "b": ["same"]}
    assert stored_vectors() == 1
    documents.remove(row.id, ["a", "b"])
    assert stored_vectors() == 1  # the other collection has it
    collections.delete(other.id)
    assert stored_vectors() == 0


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        ("a.zip", {"a.zip#x.txt", "a.zip#y.txt"}),
        ("a.zip#x.txt", {"a.zip#x.txt"}),
        ("docs", {"docs/one", "docs/two#k"}),
        ("docs/", {"docs/one", "docs/two#k"}),
        ("A.zip", set()),
        ("a.zi_", set()),
        ("%", {"%"}),
    ],
)
def test_removal_takes_parts_and_what_lies_below_and_nothing_that_only_looks_alike(asked: str, gone: set[str]) -> None:
    row = collection()
    paths = ["a.zip#x.txt", "a.zip#y.txt", "a.zip2", "docs/one", "docs/two#k", "docsx", "%", "a.zi"]
    write(row, *(new(path, path) for path in paths))
    assert set(documents.remove(row.id, [asked])) == gone
    assert set(everything(row)) == set(paths) - gone


def test_every_change_moves_the_revision() -> None:
    row = collection()
    seen = [row.revision]
    write(row, new("a", "one"))
    seen.append(collections.by_id(row.id).revision)
    documents.remove(row.id, ["a"])
    seen.append(collections.by_id(row.id).revision)
    assert seen == sorted(set(seen))
    documents.remove(row.id, ["nothing"])
    assert collections.by_id(row.id).revision == seen[-1]


def test_a_chunk_without_a_vector_is_refused_and_nothing_is_written() -> None:
    row = collection()
    write(row, new("a", "one"))
    with pytest.raises(StoreError, match="resume"):
        documents.replace_documents(row.id, [new("b", "new")], embedding="minilm", dimension=16, vectors={})
    assert everything(row) == {"a": ["one"]}


def test_a_model_that_is_not_the_collections_is_refused() -> None:
    row = collection()
    with pytest.raises(Conflict, match="minilm"):
        documents.replace_documents(row.id, [new("b", "new")], embedding="hf:x/y", dimension=16, vectors={})


def test_a_deleted_collection_is_said_to_be_gone() -> None:
    row = collection()
    collections.delete(row.id)
    with pytest.raises(NotFound, match="deleted"):
        write(row, new("a", "one"))
    with pytest.raises(NotFound, match="deleted"):
        documents.remove(row.id, ["a"])


def test_a_path_longer_than_the_store_takes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2,001 characters"):
        write(collection(), new("x" * 2001, "one"))


def test_a_full_disk_is_one_sentence_rolls_back_and_works_again_after() -> None:
    row = collection()
    write(row, new("a", "one"))
    engine = get_database()._open()

    def limit(pages: int | None) -> None:
        with engine.connect() as connection:
            now = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
            connection.exec_driver_sql(f"PRAGMA max_page_count={now + 2 if pages is None else pages}")

    big = new("big", *(f"{number} {'x' * 5000}" for number in range(200)))
    limit(None)
    with pytest.raises(StoreError, match=r"^The disk is full: .*free some space and try again\.$"):
        write(row, big)
    limit(1_000_000)
    assert everything(row) == {"a": ["one"]}
    write(row, big)
    assert len(everything(row)["big"]) == 200


def test_vectors_come_back_as_they_were_in_blocks_of_any_size() -> None:
    row = collection()
    made = [new(f"d{number}", *(f"{number} {place}" for place in range(7))) for number in range(5)]
    write(row, *made)
    texts = {each.id: each.text for each in documents.chunks(documents.chunk_ids(row.id)).values()}
    ids, matrix = vectors.all_vectors(row.id)
    assert ids.tolist() == sorted(texts)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.stack([vector(texts[each]) for each in ids.tolist()]))
    for size in (1, 4, 35, 100):
        blocks = list(vectors.blocks(row.id, size=size))
        np.testing.assert_array_equal(np.concatenate([each for each, _ in blocks]), ids)
        np.testing.assert_array_equal(np.concatenate([each for _, each in blocks]), matrix)
    some = [texts_id for texts_id in texts if texts_id % 3 == 0] + [10**9]
    found = list(vectors.blocks(row.id, ids=some, size=2))
    assert np.concatenate([each for each, _ in found]).tolist() == some[:-1]


def test_more_ids_than_one_statement_takes() -> None:
    row = collection()
    write(row, new("a", *(str(number) for number in range(1500))))
    ids = documents.chunk_ids(row.id)
    assert len(documents.chunks(ids)) == 1500
    assert vectors.known("minilm", [chunk.text_hash for chunk in documents.chunks(ids).values()]) == {
        chunk.text_hash for chunk in documents.chunks(ids).values()
    }
    assert sum(len(each) for each, _ in vectors.blocks(row.id, ids=ids)) == 1500
    assert len(documents.chunk_places(row.id, ids)) == 1500


def test_replaced_texts_can_be_forgotten_and_shared_ones_stay() -> None:
    row = collection()
    write(row, new("a", "old", "kept"))
    replaced = write(row, new("a", "new", "kept", digest="2"))
    assert stored_vectors() == 3
    vectors.forget(replaced)
    assert stored_vectors() == 2


_WORDS = st.lists(st.sampled_from(["sun", "moon", "star", "sea"]), min_size=1, max_size=3)
_STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.none() | _WORDS), max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_whatever_is_added_and_removed_the_store_holds_the_last_of_each(
    steps: list[tuple[str, list[str] | None]],
) -> None:
    for left in collections.list_all():
        collections.delete(left.id)
    row = collection()
    model: dict[str, list[str]] = {}
    for number, (path, words) in enumerate(steps):
        if words is None:
            vectors_gone = documents.remove(row.id, [path])
            assert vectors_gone == ([path] if model.pop(path, None) else [])
        else:
            vectors.forget(write(row, new(path, *words, digest=str(number))))
            model[path] = words
    assert everything(row) == model
    assert stored_vectors() == len({word for words in model.values() for word in words})
    assert vectors.count_missing(row.id, "minilm") == 0
