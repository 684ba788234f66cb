"""The BM25 index: the scores of bm25s, updates equal to a new index, the file and what befalls it."""

from __future__ import annotations

import threading
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents.retrieval.keywords import cache, kept
from core.documents.retrieval.keywords.bm25 import KeywordIndex, build, top
from core.documents.retrieval.keywords.words import Numbering, split
from core.store import collections, documents
from tests.core.documents.retrieval.library import PLANETS, make, put

WORDS = ["sun", "moon", "star", "comet", "ring", "the", "ice"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(texts=TEXTS, query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join))
def test_scores_are_those_of_bm25s(texts: list[str], query: str) -> None:
    def stems(text: str) -> list[str]:
        numbering = Numbering({}, grows=True)
        found = [numbering[word] for word in split(text)]
        names = list(numbering.stems)
        return [names[number] for number in found if number >= 0]

    corpus = [stems(text) for text in texts]
    ours = build(list(enumerate(texts, 1))).scores(query)
    if not any(corpus):
        assert not ours.any()
        return
    library = bm25s.BM25(method="lucene")
    library.index(corpus, show_progress=False)
    asked = [word for word in stems(query) if word in library.vocab_dict]
    theirs = library.get_scores(asked) if asked else np.zeros(len(texts))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(first=TEXTS, second=TEXTS, gone=st.sets(st.integers(1, 8)), query=st.sampled_from(WORDS))
def test_an_update_is_a_new_index(first: list[str], second: list[str], gone: set[int], query: str) -> None:
    old, new = list(enumerate(first, 1)), list(enumerate(second, 101))
    stays = [(chunk, text) for chunk, text in old if chunk not in gone]
    updated = build(new, build(old).postings, [chunk for chunk, _ in stays])
    fresh = build([*stays, *new])
    assert updated.ids.tolist() == fresh.ids.tolist()
    np.testing.assert_allclose(updated.scores(query), fresh.scores(query), rtol=1e-6)
    assert sorted(updated.postings.vocabulary) == sorted(fresh.postings.vocabulary)


@given(
    scores=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=30),
    k=st.integers(1, 40),
    seed=st.integers(0, 5),
)
def test_the_top_is_that_of_a_whole_sort(scores: list[float], k: int, seed: int) -> None:
    array = np.array(scores, np.float32)
    ids = np.arange(10, 10 + len(scores))
    allowed = np.random.default_rng(seed).random(len(scores)) < 0.7
    whole = sorted(
        (-score, int(chunk)) for score, chunk, ok in zip(scores, ids, allowed, strict=True) if ok and score > 0
    )
    assert top(ids, array, k, allowed) == [(chunk, -score) for score, chunk in whole[:k]]


def test_an_index_of_nothing_finds_nothing() -> None:
    index = build([])
    assert index.best("sun", 5) == []
    assert build([(1, ""), (2, "the")]).best("the sun", 5) == []


def test_the_index_follows_the_collection(loupe_home: Path) -> None:
    row = put(make(), PLANETS)
    first = cache.index_of(row)
    [venus] = [chunk for chunk, text in all_texts(row.id) if "Venus" in text]
    assert first.best("sulphuric", 3)[0][0] == venus
    assert cache.index_of(row) is first
    documents.remove(row.id, ["venus.txt"])
    row = put(row, {"pluto.txt": "Pluto was a planet once, far from sulphuric clouds."})
    [(found, _)] = cache.index_of(row).best("sulphuric", 3)
    assert found != venus and documents.chunks([found])[found].text.startswith("Pluto")


def test_a_new_process_reads_the_file_and_not_the_texts(loupe_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(make(), PLANETS)
    before = cache.index_of(row)
    cache.forget()
    monkeypatch.setattr(documents, "chunk_texts", lambda *a, **k: pytest.fail("the texts were read again"))
    after = cache.index_of(row)
    assert after.best("red planet", 6) == before.best("red planet", 6) != []
    assert (loupe_home / "keywords").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "other", "numbers"])
def test_a_damaged_file_is_made_anew(loupe_home: Path, damage: str) -> None:
    row = put(make(), PLANETS)
    index = cache.index_of(row)
    [file] = (loupe_home / "keywords").iterdir()
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif damage == "noise":
        file.write_bytes(bytes(range(256)) * 8)
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "other":
        kept.save("0" * 20, row.revision, index)
        (loupe_home / "keywords" / f"{'0' * 20}.safetensors").replace(file)
    else:  # the parts are whole, but point outside
        broken = KeywordIndex(index.postings, {**index.arrays, "indices": index.arrays["indices"] + 1000})
        kept.save(row.id, row.revision, broken)
    cache.forget()
    assert kept.load(row.id) is None
    assert cache.index_of(row).best("rings", 3) == index.best("rings", 3) != []


def test_files_of_collections_that_are_gone_go_too(loupe_home: Path) -> None:
    first = put(make("first"), PLANETS)
    cache.index_of(first)
    partial = loupe_home / "keywords" / f"{first.id}.safetensors.999999999.abcd"
    partial.write_bytes(b"half")
    collections.delete(first.id)
    second = put(make("second"), PLANETS)
    cache.index_of(second)
    assert [file.name for file in (loupe_home / "keywords").iterdir()] == [f"{second.id}.safetensors"]


def test_a_folder_that_cannot_be_written_costs_time_only(loupe_home: Path) -> None:
    row = put(make(), PLANETS)
    (loupe_home / "keywords").write_text("a file is in the way")
    assert cache.index_of(row).best("rings", 3)


def test_threads_that_ask_at_once_get_one_index() -> None:
    row = put(make(), PLANETS)
    found: list[KeywordIndex] = []
    threads = [threading.Thread(target=lambda: found.append(cache.index_of(row))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len({id(each) for each in found}) == 1


def all_texts(collection: str) -> list[tuple[int, str]]:
    return [row for block in documents.chunk_texts(collection) for row in block]
