"""Retrieval against published data: BM25 on XQuAD, spans of the chunking study, all modes from file to figure.

The figure of BM25 is that of the data's own page, made by bm25s with its default words; ours also looks for single
letters and digits, which is worth about 0.002 here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.documents.measuring import read, read_spans
from core.documents.measuring.metrics import measured
from core.documents.measuring.question_sets import read_queries
from core.documents.retrieval.keywords.bm25 import build
from core.jobs import JobContext
from tests.core.cli.conftest import Loupe, loupe  # noqa: F401 – the fixture

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "retrieval"
XQUAD = DATA / "xquad_en"


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_bm25_reaches_its_published_figure() -> None:
    corpus = rows(XQUAD / "corpus.jsonl")
    questions = read(XQUAD / "queries.jsonl", XQUAD / "qrels.tsv")
    assert len(questions.questions) == 1190 and questions.notes == ()
    names = {number: row["_id"] for number, row in enumerate(corpus, 1)}
    index = build((number, f"{row['title']} {row['text']}") for number, row in enumerate(corpus, 1))
    totals: dict[str, float] = {}
    for question in questions.questions:
        ranking = [names[chunk] for chunk, _ in index.best(question.text, 10)]
        values = measured(ranking, question.judged, 10) | {"hit@1": measured(ranking, question.judged, 1)["hit@1"]}
        for name, value in values.items():
            totals[name] = totals.get(name, 0) + value / 1190
    assert totals["ndcg@10"] == pytest.approx(0.967, abs=0.004)
    assert totals["mrr@10"] == pytest.approx(0.958, abs=0.005)
    assert totals["hit@1"] == pytest.approx(0.933, abs=0.008)


def test_the_spans_of_the_chunking_study_lie_in_their_documents() -> None:
    texts = {row["_id"]: row["text"] for row in rows(DATA / "chunking" / "corpus.jsonl")}
    answers = read_spans(DATA / "chunking" / "spans.jsonl")
    assert answers.keys() == dict(read_queries(DATA / "chunking" / "queries.jsonl")).keys() and len(answers) == 373
    assert all(end <= len(texts[each.document]) for some in answers.values() for each in some for _, end in each.spans)


@pytest.mark.slow
def test_all_modes_from_the_file_to_the_figure(loupe: Loupe) -> None:  # noqa: F811
    """Similarity as sentence-transformers itself computes it; hybrid is better than either list."""
    from core.documents import collections
    from core.documents.ingest import job
    from core.documents.settings import SplitSettings
    from core.store import collections as store

    collections.create("xquad", SplitSettings(splitter="none"))
    sources = [{"path": str(XQUAD / "corpus.jsonl"), "name": "corpus.jsonl"}]
    added = job.run({"collection": store.get("xquad").id, "sources": sources}, JobContext("f" * 20))
    assert added["chunks"] == 240
    files = ["--queries", str(XQUAD / "queries.jsonl"), "--qrels", str(XQUAD / "qrels.tsv")]
    outcome = loupe("docs", "measure", "--collection", "xquad", *files, "--mode", "all", "--json")
    found = {each["mode"]: each["ndcg@10"] for each in json.loads(outcome.out)}
    assert found["similarity"] == pytest.approx(0.9435, abs=0.0005)
    assert found["keyword"] == pytest.approx(0.9696, abs=0.0005)
    assert found["hybrid"] > max(found["similarity"], found["keyword"])
