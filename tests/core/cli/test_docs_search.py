"""`loupe docs search`: the contract's fields, what a person reads, what is said about wrong options."""

from __future__ import annotations

import json

import pytest

from tests.core.cli.conftest import Loupe, stdin_is
from tests.core.documents.retrieval.library import PLANETS, make, put, words

__all__ = ["words"]
pytestmark = pytest.mark.usefixtures("words")


@pytest.mark.parametrize("mode", ["similarity", "mmr", "keyword", "hybrid"])
def test_json_has_the_fields_of_the_contract(loupe: Loupe, mode: str) -> None:
    put(make(), PLANETS, pages=True)
    outcome = loupe(
        "docs", "search", "rings of ice moon", "--collection", "planets", "--mode", mode, "--k", "2", "--json"
    )
    assert outcome.code == 0 and outcome.err == ""
    document = json.loads(outcome.out)
    first = document["hits"][0]
    assert first["source"] == "saturn.txt" and first["text"] == PLANETS["saturn.txt"]
    assert first["page"] == 1 and (first["start"], first["end"]) == (0, len(first["text"]))
    assert {"id", "score", "document", "stages", "context", "title", "metadata"} <= first.keys()
    assert len(document["hits"]) == 2 and document["timing"]["total_ms"] > 0
    assert document["settings"]["mode"] == mode


def test_a_person_reads_places_and_reasons(loupe: Loupe) -> None:
    put(make(), PLANETS, pages=True)
    outcome = loupe("docs", "search", "quasar rings", "--collection", "planets", "--mode", "hybrid", "--k", "1")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].startswith("1  saturn.txt, page 1, characters 0 to ")
    assert PLANETS["saturn.txt"] in outcome.out
    assert "No passage has the word “quasar”." in outcome.err and "left out: 5 by k" in outcome.err


def test_conditions_threshold_and_fusion(loupe: Loupe) -> None:
    put(make(), PLANETS)
    arguments = ["docs", "search", "red planet", "--collection", "planets", "--json"]
    found = json.loads(loupe(*arguments, "--where", '{"source": {"$in": ["mars.txt"]}}').out)
    assert [each["source"] for each in found["hits"]] == ["mars.txt"]
    found = json.loads(loupe(*arguments, "--threshold", "0.99").out)
    assert found["hits"] == [] and "below the threshold 0.99" in found["notes"][-1]
    found = json.loads(loupe(*arguments, "--fusion", "rrf", "--weight", "0.5", "--rrf-k", "10").out)
    assert found["hits"][0]["score"] == pytest.approx(1 / 11)


def test_an_empty_collection_is_no_error(loupe: Loupe) -> None:
    make("empty")
    outcome = loupe("docs", "search", "anything", "--collection", "empty", "--json")
    assert outcome.code == 0 and json.loads(outcome.out)["hits"] == []
    outcome = loupe("docs", "search", "anything", "--collection", "empty")
    assert outcome.code == 0 and "No matching passages" in outcome.err


def test_the_question_may_come_from_stdin(loupe: Loupe, monkeypatch: pytest.MonkeyPatch) -> None:
    put(make(), PLANETS)
    stdin_is(b"rings of ice\n", monkeypatch)
    found = json.loads(loupe("docs", "search", "-", "--collection", "planets", "--json").out)
    assert found["query"] == "rings of ice"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "add --collection NAME"),
        (["--collection", "nowhere"], "no collection “nowhere”"),
        (["--collection", "planets", "--k", "0"], "k is '0'"),
        (["--collection", "planets", "--k", "many"], "k is 'many'"),
        (["--collection", "planets", "--mode", "magic"], "mode is 'magic'"),
        (["--collection", "planets", "--where", "{"], "it is not JSON"),
        (["--collection", "planets", "--where", '{"page": {"$near": 1}}'], "use one of"),
        (["--collection", "planets", "--weight", "2"], "weight is '2'"),
    ],
)
def test_wrong_options_end_in_one_sentence(loupe: Loupe, arguments: list[str], says: str) -> None:
    put(make(), PLANETS)
    outcome = loupe("docs", "search", "planet", *arguments)
    assert outcome.code == 1 and outcome.out == ""
    assert says in outcome.err and len(outcome.err.strip().splitlines()) == 1


def test_an_empty_question(loupe: Loupe) -> None:
    put(make(), PLANETS)
    assert "The question is empty" in loupe("docs", "search", "", "--collection", "planets").err
    assert "The question is empty" in loupe("docs", "search", "--collection", "planets").err
