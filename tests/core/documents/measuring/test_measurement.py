"""A collection measured: whose ranking it is, what documents are called, what is said about a set that does not fit."""

from __future__ import annotations

import threading

import pytest

from core.documents.measuring import Question, QuestionSet, measure
from core.documents.measuring.measurement import Names, rank_documents
from core.documents.retrieval import search
from core.documents.settings import MODES, RetrievalSettings
from core.errors import InvalidInput, NotFound
from tests.core.documents.retrieval.library import PLANETS, make, put

pytestmark = pytest.mark.usefixtures("words")
ASKED = {
    "red": ("red iron oxide", {"mars.txt": 1}),
    "rings": ("rings of ice", {"saturn.txt": 2, "earth.txt": 1}),
    "wrong": ("hottest clouds", {"jupiter.txt": 1}),
}


def questions(asked: dict[str, tuple[str, dict[str, int]]]) -> QuestionSet:
    return QuestionSet(tuple(Question(name, text, judged) for name, (text, judged) in asked.items()))


@pytest.mark.parametrize("mode", MODES)
def test_the_ranking_is_that_of_a_search(mode: str) -> None:
    put(make(), PLANETS)
    settings = RetrievalSettings.parse(mode=mode)
    found = measure("planets", questions(ASKED), settings, 3)
    for item in found.items:
        hits = search("planets", item.text, RetrievalSettings.parse(mode=mode, k=3)).hits
        assert item.ranking == [each.source for each in hits]
    assert found.items[0].values["mrr@3"] == 1
    document = found.as_json()
    assert document["n"] == 3 and document["mode"] == mode and document["ms_per_query"] > 0
    assert document["mrr@3"] == pytest.approx(sum(item.values["mrr@3"] for item in found.items) / 3)
    assert set(document["ci95"]) == {"ndcg@3", "mrr@3", "recall@3", "hit@3"}
    low, high = document["ci95"]["ndcg@3"]
    assert low <= document["ndcg@3"] <= high


def test_a_document_counts_once_at_its_best_chunk_and_k_counts_documents() -> None:
    texts = {"many.txt": "red moon. " * 30, "few.txt": "red sea. ", "last.txt": "quiet red water far away. "}
    put(make("chunks"), texts, size=10)
    asked = [Question("q", "red moon", {"last.txt": 1})]
    settings = RetrievalSettings(mode="similarity", candidates=1)
    from core.store import collections

    [ranking] = rank_documents("chunks", asked, settings, 3, Names(collections.get("chunks").id))
    assert ranking[0] == "many.txt" and sorted(ranking) == sorted(texts)
    found = measure("chunks", QuestionSet(tuple(asked)), settings, 3)
    assert found.means["recall@3"] == 1 and found.means["mrr@3"] == pytest.approx(1 / (1 + ranking.index("last.txt")))


def test_documents_are_known_by_their_id_else_by_their_path() -> None:
    put(make(), PLANETS, metadata={"mars.txt": {"_id": "m-4"}})
    asked = {"red": ("red iron oxide", {"m-4": 1}), "ring": ("rings", {"saturn.txt": 1})}
    found = measure("planets", questions(asked), RetrievalSettings(mode="keyword"))
    assert found.means["mrr@10"] == 1
    assert found.items[0].ranking[0] == "m-4"


def test_a_question_that_is_a_document_itself_is_passed_over() -> None:
    put(make(), PLANETS)
    asked = {
        "mars.txt": (PLANETS["mars.txt"], {"jupiter.txt": 1}),
        "venus.txt": (PLANETS["venus.txt"], {"venus.txt": 1}),
    }
    found = measure("planets", questions(asked), RetrievalSettings(mode="similarity"))
    assert "mars.txt" not in found.items[0].ranking and len(found.items[0].ranking) == 5
    assert found.items[1].ranking[0] == "venus.txt"  # judged relevant: then it counts


def test_questions_of_another_collection_are_refused() -> None:
    put(make(), PLANETS)
    with pytest.raises(InvalidInput, match="None of the 1 relevant documents, such as 'zzz', is in the collection"):
        measure("planets", questions({"q": ("red", {"zzz": 1})}), RetrievalSettings())
    with pytest.raises(NotFound):
        measure("nowhere", questions(ASKED), RetrievalSettings())
    with pytest.raises(InvalidInput, match="k is 0"):
        measure("planets", questions(ASKED), RetrievalSettings(), 0)


def test_relevant_documents_that_are_missing_count_and_are_named() -> None:
    put(make(), PLANETS)
    found = measure(
        "planets", questions({"q": ("red iron", {"mars.txt": 1, "zzz": 1})}), RetrievalSettings(mode="keyword")
    )
    assert found.means["recall@10"] == 0.5
    assert "1 of the 2 relevant documents are not in the collection, such as 'zzz'" in found.notes[0]


def test_progress_and_cancelling() -> None:
    put(make(), PLANETS)
    asked = questions({f"q{n}": ("red iron oxide", {"mars.txt": 1}) for n in range(70)})
    cancel, told = threading.Event(), []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        if done >= 32:
            cancel.set()

    found = measure("planets", asked, RetrievalSettings(mode="keyword"), cancel=cancel, progress=progress)
    assert told == [(32, 70)] and len(found.items) == 32 and found.cancelled
    assert "cancelled" in found.notes[-1]


def test_vectors_of_questions_are_encoded_once(words: object, monkeypatch: pytest.MonkeyPatch) -> None:
    put(make(), PLANETS)
    vectors: dict = {}
    first = measure("planets", questions(ASKED), RetrievalSettings(mode="similarity"), vectors=vectors)
    assert set(vectors) == {text for text, _ in ASKED.values()}
    again = measure("planets", questions(ASKED), RetrievalSettings(mode="similarity"), vectors=vectors)
    assert [item.ranking for item in again.items] == [item.ranking for item in first.items]
