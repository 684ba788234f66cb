"""`loupe docs measure`: the contract's fields, several modes, spans, and files that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.cli.conftest import Loupe
from tests.core.documents.retrieval.library import PLANETS, make, put, words

__all__ = ["words"]
pytestmark = pytest.mark.usefixtures("words")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The options that name a question set of the planets."""
    queries, qrels = tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"
    queries.write_text('{"_id": "q1", "text": "red iron oxide"}\n{"_id": "q2", "text": "rings of ice"}\n')
    qrels.write_text("query-id\tcorpus-id\tscore\nq1\tmars.txt\t1\nq2\tsaturn.txt\t1\n")
    put(make(), PLANETS)
    return ["--collection", "planets", "--queries", str(queries), "--qrels", str(qrels)]


def test_json_has_the_fields_of_the_contract(loupe: Loupe, files: list[str]) -> None:
    outcome = loupe("docs", "measure", *files, "--mode", "keyword", "--k", "10", "--json")
    assert outcome.code == 0 and outcome.err == ""
    document = json.loads(outcome.out)
    assert document["n"] == 2 and document["ms_per_query"] > 0
    assert [document[f"{name}@10"] for name in ("ndcg", "mrr", "recall", "hit")] == [1, 1, 1, 1]
    assert document["ci95"]["ndcg@10"] == [1, 1]
    assert "items" not in document


def test_several_modes_are_a_list(loupe: Loupe, files: list[str]) -> None:
    outcome = loupe("docs", "measure", *files, "--mode", "keyword", "--mode", "similarity", "--k", "3", "--json")
    assert [each["mode"] for each in json.loads(outcome.out)] == ["keyword", "similarity"]
    outcome = loupe("docs", "measure", *files, "--mode", "all", "--items", "--json")
    documents = json.loads(outcome.out)
    assert [each["mode"] for each in documents] == ["similarity", "mmr", "keyword", "hybrid"]
    assert documents[0]["items"][0]["relevant"] == ["mars.txt"]


def test_a_person_reads_a_table_with_intervals(loupe: Loupe, files: list[str]) -> None:
    outcome = loupe("docs", "measure", *files, "--mode", "keyword", "--mode", "hybrid")
    lines = outcome.out.splitlines()
    assert lines[0].split()[:3] == ["mode", "ndcg@10", "mrr@10"]
    assert lines[1].startswith("keyword  1.0000 [1.0000, 1.0000]") and lines[2].startswith("hybrid")
    assert "2 questions" in outcome.err


def test_spans(loupe: Loupe, files: list[str], tmp_path: Path) -> None:
    spans = tmp_path / "spans.jsonl"
    spans.write_text('{"_id": "q1", "doc": "mars.txt", "spans": [[0, 11]]}\n')
    arguments = ["docs", "measure", *files[:4], "--spans", str(spans), "--mode", "keyword", "--k", "1"]
    document = json.loads(loupe(*arguments, "--json").out)
    assert document["n"] == 1 and document["span_recall"] == 1
    assert document["span_precision"] == pytest.approx(11 / len(PLANETS["mars.txt"]))
    assert "span recall" in loupe(*arguments).out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--mode", "magic"], "mode is 'magic'"),
        (["--k", "ten"], "write a whole number"),
        (["--k", "0"], "k is '0'"),
        (["--queries", "nothing.jsonl"], "no file nothing.jsonl"),
    ],
)
def test_wrong_options_end_in_one_sentence(loupe: Loupe, files: list[str], change: list[str], says: str) -> None:
    outcome = loupe("docs", "measure", *files, *change)
    assert outcome.code == 1 and outcome.out == ""
    assert says in outcome.err and len(outcome.err.strip().splitlines()) == 1


def test_missing_options_are_named(loupe: Loupe, files: list[str]) -> None:
    assert "add --collection" in loupe("docs", "measure", *files[2:]).err
    assert "--qrels" in loupe("docs", "measure", *files[:4]).err
