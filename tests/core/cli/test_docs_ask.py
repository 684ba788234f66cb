"""`loupe docs ask`: the contract's fields, passages and citations told, one sentence for every bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.documents.answering import REFUSAL
from core.store import runs as store
from tests.core.cli.conftest import Loupe
from tests.core.documents.answering.scripted import script
from tests.core.documents.retrieval.library import PLANETS, WordCounts, make, put, words

__all__ = ["words"]
QUESTION = "Which planet is the hottest?"
SAID = "Venus is the hottest planet [1]. It has clouds of sulphuric acid [9]."


def test_json_has_the_fields_of_the_contract(loupe: Loupe, words: WordCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    put(make(), PLANETS, pages=True)
    script(monkeypatch, SAID)
    done = loupe("docs", "ask", QUESTION, "--collection", "planets", "--model", "scripted", "--k", "2", "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert document["answer"] == SAID
    (citation,) = document["citations"]
    assert (citation["n"], citation["source"], citation["page"]) == (1, "venus.txt", 1)
    assert citation["quote"] == PLANETS["venus.txt"][citation["start"] : citation["end"]]
    assert citation["by"] == "model"
    assert document["unknown_citations"] == [9]
    assert PLANETS["venus.txt"] in document["prompt"] and QUESTION in document["prompt"]
    assert {"total_s", "ttft_s", "total_ms"} <= set(document["timing"])
    assert [each["n"] for each in document["passages"]] == [1, 2][: len(document["passages"])]
    assert document["groundedness"] == 1
    assert document["settings"]["k"] == 2
    assert store.get(document["run"]).kind == "answer"


def test_a_person_reads_answer_and_sources_and_what_was_done(
    loupe: Loupe, words: WordCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(make(), PLANETS)
    script(monkeypatch, "Venus is the hottest planet.")
    done = loupe("docs", "ask", QUESTION, "--collection", "planets", "--model", "scripted")
    assert done.code == 0
    answer, source = done.out.splitlines()
    assert answer == "Venus is the hottest planet."
    assert source.startswith("[1] venus.txt (found by Loupe): Venus is the hottest planet, with clouds")
    assert "tokens used by passages" in done.err
    assert "1 of 1 sentence supported" in done.err


def test_nothing_that_matches_is_a_refusal_without_a_model(
    loupe: Loupe, words: WordCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch)
    make("empty")
    put(make(), PLANETS)
    for name, question in (("empty", QUESTION), ("planets", "zebra crossing")):
        document = json.loads(loupe("docs", "ask", question, "--collection", name, "--json").out)
        assert (document["answer"], document["refused"]) == (REFUSAL, "no passages")
        assert (document["citations"], document["passages"], document["prompt"]) == ([], [], "")


def test_without_documents_and_after_a_history(
    loupe: Loupe, words: WordCounts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(make(), PLANETS)
    talk = tmp_path / "talk.json"
    talk.write_text('[{"role": "user", "content": "Tell me of Venus."}, {"role": "assistant", "content": "Hot."}]')
    model = script(monkeypatch, "It is hot.", "Is the planet Venus hot?", SAID)
    options = ("docs", "ask", "Is it hot?", "--collection", "planets", "--history", str(talk), "--json")
    alone = json.loads(loupe(*options, "--no-documents").out)
    assert (alone["answer"], alone["collection"], alone["citations"]) == ("It is hot.", None, [])
    assert "clouds of sulphuric" not in model.prompts[0]
    assert json.loads(loupe(*options).out)["question"] == "Is the planet Venus hot?"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((QUESTION,), "No collection is named"),
        ((QUESTION, "--collection", "nowhere"), "There is no collection “nowhere”"),
        (("", "--collection", "planets"), "The question is empty"),
        ((QUESTION, "--collection", "planets", "--k", "0"), "k is '0'"),
        ((QUESTION, "--collection", "planets", "--mode", "magic"), "mode is 'magic'"),
        ((QUESTION, "--collection", "planets", "--where", "{"), "where"),
        ((QUESTION, "--collection", "planets", "--temperature", "9"), "temperature is 9"),
        ((QUESTION, "--collection", "planets", "--prompt", "nowhere"), "nowhere"),
        ((QUESTION, "--collection", "planets", "--history", "/nowhere.json"), "There is no file"),
    ],
)
def test_bad_input_is_one_sentence(loupe: Loupe, words: WordCounts, options: tuple[str, ...], sentence: str) -> None:
    put(make(), PLANETS)
    done = loupe("docs", "ask", *options)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err and done.err.count("\n") == 1 and "Traceback" not in done.err
