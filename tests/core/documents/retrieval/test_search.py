"""A search from question to passages: every mode, every stage, and what there is to say when nothing is found."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.documents.retrieval import search, search_many
from core.documents.settings import MODES, RetrievalSettings
from core.errors import InvalidInput, NotFound
from core.store import documents
from tests.core.documents.retrieval.library import PLANETS, WordCounts, make, put

pytestmark = pytest.mark.usefixtures("words")


def how(**values: Any) -> RetrievalSettings:
    return RetrievalSettings.parse(**values)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_finds_the_passage_and_says_where_it_stands(mode: str) -> None:
    put(make(), PLANETS, pages=True)
    result = search("planets", "volcano Olympus Mons Mars", how(mode=mode, k=3))
    hit = result.hits[0]
    assert hit.source == "mars.txt" and hit.page == 1 and hit.title == "Mars"
    [document] = [each for each in documents.list_documents(hit_collection(hit.document)) if each.path == "mars.txt"]
    assert documents.document(document.id).text[hit.start : hit.end] == hit.text == hit.context
    assert [each.score for each in result.hits] == sorted((each.score for each in result.hits), reverse=True)
    assert result.queries == ["volcano Olympus Mons Mars"]
    assert {"search_ms", "read_ms", "total_ms"} <= result.timing.keys()
    assert ("encode_ms" in result.timing) == (mode != "keyword")
    last = {"mmr": "mmr", "hybrid": "fusion"}.get(mode, mode)
    assert [each.stages[last]["rank"] for each in result.hits] == [*range(1, len(result.hits) + 1)]
    assert hit.score == hit.stages[last]["score"]


def hit_collection(document: int) -> str:
    return documents.document(document).collection


def test_hybrid_by_ranks_tells_the_ranks_of_both_lists() -> None:
    put(make(), PLANETS)
    result = search("planets", "rings of ice", how(mode="hybrid", k=6, fusion="rrf", weight=0.5))
    first = result.hits[0]
    assert first.source == "saturn.txt" and first.stages.keys() == {"similarity", "keyword", "fusion"}
    expected = 0.5 / (60 + first.stages["similarity"]["rank"]) + 0.5 / (60 + first.stages["keyword"]["rank"])
    assert first.score == pytest.approx(expected)
    assert all("keyword" not in each.stages for each in result.hits if each.source == "venus.txt")


def test_hybrid_by_scores_tells_both_scores_of_every_passage() -> None:
    """Also of what one list did not bring: the result must not hang on how long the lists are."""
    put(make(), PLANETS)
    query = "red moon planet"
    whole = search("planets", query, how(mode="hybrid", k=6, weight=0.5))
    near = {each.id: each.score for each in search("planets", query, how(mode="similarity", k=6)).hits}
    words = {each.id: each.score for each in search("planets", query, how(mode="keyword", k=6)).hits}
    for each in whole.hits:
        cosine, bm25 = near[each.id], words.get(each.id, 0.0)
        assert each.score == pytest.approx(0.5 * cosine / max(near.values()) + 0.5 * bm25 / max(words.values()))
        assert each.stages["similarity"]["score"] == pytest.approx(cosine)
        assert each.stages["keyword"]["score"] == pytest.approx(bm25)
    short = search("planets", query, how(mode="hybrid", k=2, candidates=2, weight=0.5))
    assert [each.id for each in short.hits] == [each.id for each in whole.hits][:2]
    assert [each.score for each in short.hits] == pytest.approx([each.score for each in whole.hits][:2])


@pytest.mark.parametrize("fusion", ["scores", "rrf"])
def test_all_weight_on_one_list_is_that_mode(fusion: str) -> None:
    put(make(), PLANETS)
    for weight, mode in ((1.0, "similarity"), (0.0, "keyword")):
        one = search("planets", "red moon planet", how(mode="hybrid", fusion=fusion, weight=weight, k=6))
        other = search("planets", "red moon planet", how(mode=mode, k=6))
        assert [each.id for each in one.hits] == [each.id for each in other.hits]


@pytest.mark.parametrize("mode", MODES)
def test_k_beyond_the_collection_returns_what_there_is(mode: str) -> None:
    put(make(), PLANETS)
    found = search("planets", "planet", how(mode=mode, k=1000)).hits
    assert 0 < len(found) <= len(PLANETS)
    assert len({each.id for each in found}) == len(found)


def test_k_of_zero_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"k is .?0.?: input should be greater than or equal to 1"):
        how(k=0)


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_collection_has_no_matching_passages(mode: str) -> None:
    make("empty")
    result = search("empty", "anything", how(mode=mode))
    assert result.hits == [] and result.dropped == []
    assert result.notes == ["No matching passages: the collection “empty” holds none yet."]


@pytest.mark.parametrize("query", ["", "   ", "\n\t", "x" * 20_001, "lone \ud800 surrogate"])
def test_a_question_that_is_none_is_refused_in_words(query: str) -> None:
    put(make(), PLANETS)
    with pytest.raises(InvalidInput, match="question"):
        search("planets", query)


def test_a_collection_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="nowhere"):
        search("nowhere", "anything")


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("quasar", "No passage has any word of the question."),
        ("the of and", "The question has only words that are too common to look for: “the”, “of”, “and”."),
        ("?!", "The question has no words to look for."),
        ("quasar planet", "No passage has the word “quasar”."),
    ],
)
def test_keyword_says_which_words_nobody_has(query: str, note: str) -> None:
    put(make(), PLANETS)
    result = search("planets", query, how(mode="keyword"))
    assert result.notes[0] == note
    assert bool(result.hits) == ("planet" in query)


@pytest.mark.parametrize("mode", MODES)
def test_the_threshold_leaves_out_what_is_unlike_and_says_so(mode: str) -> None:
    put(make(), PLANETS)
    query, least = "Saturn rings ice planet", 0.3
    whole = search("planets", query, how(mode=mode, k=6))
    result = search("planets", query, how(mode=mode, k=6, threshold=least))
    vectors = {path: WordCounts().encode_documents([text])[0] for path, text in PLANETS.items()}
    asked = WordCounts().encode_queries([query])[0]
    near = {path: float(vector @ asked) for path, vector in vectors.items()}
    assert [each.source for each in result.hits] == [each.source for each in whole.hits if near[each.source] >= least]
    left = [each for each in result.dropped if each.stage == "threshold"]
    assert {each.source for each in left} == {each.source for each in whole.hits if near[each.source] < least} != set()
    assert all(f"{near[each.source]:.3f}, is below the threshold 0.3" in each.reason for each in left)


def test_a_threshold_that_leaves_nothing_says_so() -> None:
    put(make(), PLANETS)
    result = search("planets", "planet", how(mode="similarity", threshold=1))
    assert result.hits == []
    assert result.notes == ["No matching passages. All 6 passages that were found are below the threshold 1."]


def test_what_is_beyond_k_is_named() -> None:
    put(make(), PLANETS)
    result = search("planets", "planet", how(mode="mmr", k=2))
    left = [each for each in result.dropped if each.stage == "k"]
    assert len(result.hits) == 2 and [each.rank for each in left] == [3, 4, 5, 6]
    assert {each.source for each in left} | {each.source for each in result.hits} == PLANETS.keys()


WHERES: list[tuple[dict[str, Any], set[str]]] = [
    ({"source": "mars.txt"}, {"mars.txt"}),
    ({"source": {"$in": ["mars.txt", "earth.txt"]}}, {"mars.txt", "earth.txt"}),
    ({"kind": {"$ne": "text"}}, set()),
    ({"title": "Earth"}, {"earth.txt"}),
    ({"moons": {"$gte": 1.5}}, {"mars.txt", "saturn.txt"}),
    ({"moons": {"$lt": 2}, "source": {"$ne": "earth.txt"}}, {"mercury.txt"}),
    ({"$or": [{"moons": 1}, {"moons": 146}]}, {"earth.txt", "saturn.txt"}),
]
MOONS = {"mercury.txt": {"moons": 0}, "earth.txt": {"moons": 1}, "mars.txt": {"moons": 2}, "saturn.txt": {"moons": 146}}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("where", "paths"), WHERES)
def test_every_mode_keeps_to_the_conditions(mode: str, where: dict[str, Any], paths: set[str]) -> None:
    put(make(), PLANETS, metadata=MOONS)
    everything = " ".join(PLANETS.values())
    result = search("planets", everything, how(mode=mode, k=10, where=where))
    assert {each.source for each in result.hits} == paths
    if not paths:
        assert result.notes[-1] == "No matching passages in the part of “planets” that meets the conditions."


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from(["page", "moons", "source"]),
    operator=st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$in", "$nin"]),
    value=st.integers(0, 3),
)
def test_vectors_and_keywords_agree_on_what_meets_a_condition(
    loupe_home: Any, field: str, operator: str, value: int
) -> None:
    from core.store import collections

    if collections.find("paged") is None:
        put(make("paged"), PLANETS, size=20, metadata=MOONS, pages=True)
    operand: Any = sorted(PLANETS)[value] if field == "source" else value
    if field == "source" and operator in ("$gt", "$lte"):
        operator = "$eq"
    where = {field: {operator: [operand] if operator in ("$in", "$nin") else operand}}
    everything = " ".join(PLANETS.values())
    found = {
        mode: {each.id for each in search("paged", everything, how(mode=mode, k=1000, where=where)).hits}
        for mode in ("similarity", "keyword", "hybrid")
    }
    every = {each.id for each in search("paged", everything, how(mode="keyword", k=1000)).hits}
    assert found["similarity"] & every == found["keyword"]
    assert found["hybrid"] == found["similarity"] | found["keyword"]


def test_a_malformed_condition_is_refused() -> None:
    put(make(), PLANETS)
    with pytest.raises(InvalidInput, match="use one of"):
        search("planets", "planet", how(where={"page": {"$near": 3}}))


def test_children_of_one_parent_are_read_once_at_the_best_ones_place() -> None:
    long = {"long.txt": "red storm spot. " * 4 + "blue quiet sea. " * 4, "other.txt": "red storm in the sea. "}
    put(make("family", splitter="parent-child"), long, size=16, parent=64)
    result = search("family", "red storm spot", how(mode="similarity", k=3))
    parents = [(each.document, each.context_start) for each in result.hits]
    assert len(parents) == len(set(parents)) == 3
    first = result.hits[0]
    assert first.text == "red storm spot. " and first.context == "red storm spot. " * 4
    assert (first.context_start, first.context_end) == (0, 64)
    same = [each for each in result.dropped if each.stage == "parent"]
    assert len(same) >= 3 and "same parent as number 1" in same[0].reason


def test_a_document_that_goes_away_meanwhile_is_no_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(make(), PLANETS)
    from core.documents import index

    def vanishing(*args: Any, **keywords: Any) -> Any:
        found = nearest(*args, **keywords)
        documents.remove(row.id, ["mars.txt"])
        return found

    nearest = index.nearest
    monkeypatch.setattr(index, "nearest", vanishing)
    result = search("planets", "Mars", how(mode="similarity", k=6))
    assert "mars.txt" not in {each.source for each in result.hits} and len(result.hits) == 5
    [gone] = [each for each in result.dropped if each.stage == "read"]
    assert gone.source == "" and gone.rank == 1


def test_many_questions_at_once_are_each_one_alone() -> None:
    put(make(), PLANETS)
    queries = ["red planet", "rings", "hottest clouds"]
    for mode in MODES:
        together = search_many("planets", queries, how(mode=mode))
        alone = [search("planets", query, how(mode=mode)) for query in queries]
        assert [[hit.id for hit in each.hits] for each in together] == [[hit.id for hit in each.hits] for each in alone]
    assert search_many("planets", [], how()) == []


def test_a_cancelled_search_ends_with_nothing() -> None:
    put(make(), PLANETS)
    cancel = threading.Event()
    cancel.set()
    result = search("planets", "planet", how(), cancel)
    assert result.hits == [] and result.notes == ["The search was cancelled."]


def test_a_long_question_is_told() -> None:
    put(make(), PLANETS)
    result = search("planets", "planet " * 300, how(mode="similarity"))
    assert "The question has 300 tokens, of which the embedding model reads the first 254." in result.notes


class Backwards:
    """A reranker: the later a text in the alphabet, the better."""

    ref = name = "backwards"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def score(self, query: str, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        order = sorted(texts)
        return np.array([10.0 * order.index(text) for text in texts], np.float32)


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> Backwards:
    model = Backwards()
    monkeypatch.setattr("core.models.embedders.get_reranker", lambda ref: model)
    return model


@pytest.mark.parametrize("mode", ["similarity", "hybrid"])
def test_a_reranker_orders_all_candidates(backwards: Backwards, mode: str) -> None:
    put(make(), PLANETS)
    result = search("planets", "the planet", how(mode=mode, k=2, rerank="path:x"))
    assert [each.text for each in result.hits] == sorted(PLANETS.values(), reverse=True)[:2]
    assert set(backwards.seen) == set(PLANETS.values())
    assert result.hits[0].stages["rerank"] == {"rank": 1, "score": 50.0} and result.hits[0].score == 50.0
    assert "rerank_ms" in result.timing


def test_a_reranker_sees_only_what_mmr_has_chosen(backwards: Backwards) -> None:
    put(make(), PLANETS)
    chosen = search("planets", "red planet", how(mode="mmr", k=3)).hits
    result = search("planets", "red planet", how(mode="mmr", k=3, rerank="path:x"))
    assert {each.id for each in result.hits} == {each.id for each in chosen}
    assert {each.stage for each in result.dropped} == {"rerank"}
