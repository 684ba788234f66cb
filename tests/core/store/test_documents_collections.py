"""Collections in the store: names for people, ids for everything else, one model at a time."""

import threading

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.store import collections, documents, vectors
from tests.core.store.document_rows import collection, new, vector, write


@pytest.mark.parametrize("name", ["my col", "équipe", "論文 🙂", "x" * 100, "../../etc", "a'; DROP TABLE collections"])
def test_any_printable_name_will_do(name: str) -> None:
    assert collections.get(collection(f"  {name} ").name).name == name


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\x00b", "\x1b[2J", "a\u202eb"])
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as error:
        collection(name)
    assert error.value.field == "name"


def test_a_name_is_taken_once() -> None:
    first, other = collection("a"), collection("b")
    for attempt in (lambda: collection("a"), lambda: collections.rename(other.id, "a")):
        with pytest.raises(Conflict, match="“a”"):
            attempt()
    assert collections.rename(first.id, "c").name == "c"
    assert collections.rename(first.id, "c").name == "c"
    with pytest.raises(NotFound):
        collections.get("a")


def test_ten_threads_want_the_same_name_and_one_gets_it() -> None:
    outcomes: list[str] = []

    def make() -> None:
        try:
            collection("a")
            outcomes.append("made")
        except Conflict:
            outcomes.append("taken")

    threads = [threading.Thread(target=make) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made"] + ["taken"] * 9


def test_counts_and_deletion() -> None:
    row, empty = collection(), collection("empty")
    write(row, new("a", "one", "two"), new("b", "three"))
    counts = collections.counts()
    assert (counts[row.id].documents, counts[row.id].chunks) == (2, 3)
    assert (counts[empty.id].documents, counts[empty.id].chunks) == (0, 0)
    collections.delete(row.id)
    assert set(collections.counts()) == {empty.id}
    assert documents.chunk_ids(row.id) == []
    with pytest.raises(NotFound):
        collections.delete(row.id)


def test_settings_change_only_while_it_is_empty() -> None:
    row = collection()
    collections.set_splitter(row.id, "{}")
    collections.set_embedding(row.id, "hf:x/y")
    row = collections.by_id(row.id)
    assert (row.splitter, row.embedding) == ("{}", "hf:x/y")
    write(row, new("a", "one"))
    for change in (lambda: collections.set_splitter(row.id, "[]"), lambda: collections.set_embedding(row.id, "minilm")):
        with pytest.raises(Conflict, match="holds documents"):
            change()


def test_another_model_takes_over_only_when_every_chunk_has_its_vector() -> None:
    row = collection()
    write(row, new("a", "one", "two"))
    with pytest.raises(Conflict):
        collections.flip_embedding(row.id, 8)
    collections.begin_embedding(row.id, "hf:x/y")
    assert collections.flip_embedding(row.id, 8) is False
    assert collections.by_id(row.id).embedding == "minilm"
    assert vectors.count_missing(row.id, "hf:x/y") == 2
    found = vectors.missing(row.id, "hf:x/y", limit=1)
    vectors.save("hf:x/y", {key: vector(text, 8) for key, text in found})
    assert collections.flip_embedding(row.id, 8) is False
    vectors.save("hf:x/y", {key: vector(text, 8) for key, text in vectors.missing(row.id, "hf:x/y")})
    before = collections.by_id(row.id)
    assert collections.flip_embedding(row.id, 8) is True
    after = collections.by_id(row.id)
    assert (after.embedding, after.dimension, after.next_embedding) == ("hf:x/y", 8, None)
    assert after.revision > before.revision
    assert vectors.all_vectors(row.id)[1].shape == (2, 8)
