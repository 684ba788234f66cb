"""Splitters on real documents with known answers: no answer is lost, and few are torn apart.

chunking: Smith and Troynikov 2024, “Evaluating Chunking Strategies for Retrieval” (four documents; the excerpts that
answer each question). xquad_en: Artetxe et al. 2019 (240 paragraphs; the words that answer each question).
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from core.documents.settings import SPLITTERS, SplitSettings, Splitter
from core.documents.splitting import split
from tests.core.documents.splitting.rulers import BagOfWords, wordpiece
from tests.published.figures import DATA

SIZE, OVERLAP = 200, 40
LEAST = {
    "none": (1.0, 1.0),
    "fixed": (0.97, 0.99),
    "recursive": (0.97, 0.99),
    "sentence": (0.94, 0.99),
    "heading": (0.90, 0.98),
    "parent-child": (0.95, 0.99),
}
"""Share of the excerpts, and of the answers, that lie whole in at least one chunk."""


def rows(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "retrieval" / file).read_text(encoding="utf-8").splitlines()]


@cache
def embedder() -> BagOfWords:
    return wordpiece()


@cache
def chunks(corpus: str, splitter: Splitter) -> dict[str, list[tuple[int, int]]]:
    asked = SplitSettings(splitter=splitter, chunk_size=SIZE, chunk_overlap=OVERLAP)
    return {
        row["_id"]: [(span.start, span.end) for span in split(row["text"], asked, embedder(), kind="markdown")]
        for row in rows(f"{corpus}/corpus.jsonl")
    }


def whole(corpus: str, splitter: Splitter, spans: list[tuple[str, int, int]]) -> float:
    """Share of the spans that lie in one chunk."""
    made = chunks(corpus, splitter)
    return sum(any(low <= start and end <= high for low, high in made[doc]) for doc, start, end in spans) / len(spans)


@pytest.mark.parametrize("splitter", LEAST)
def test_answers_lie_whole_in_a_chunk(splitter: Splitter) -> None:
    excerpts = [(row["doc"], start, end) for row in rows("chunking/spans.jsonl") for start, end in row["spans"]]
    answers = [
        (row["doc"], each["start"], each["end"]) for row in rows("xquad_en/answers.jsonl") for each in row["answers"]
    ]
    least = LEAST[splitter]
    assert whole("chunking", splitter, excerpts) >= least[0]
    assert whole("xquad_en", splitter, answers) >= least[1]


@pytest.mark.parametrize("splitter", [name for name in SPLITTERS if name != "semantic"])
def test_nothing_of_a_real_document_is_lost_and_no_chunk_is_too_long(splitter: Splitter) -> None:
    made = chunks("chunking", splitter)
    for row in rows("chunking/corpus.jsonl"):
        text, seen = row["text"], 0
        for start, end in made[row["_id"]]:
            assert not text[seen:start].strip() and text[start:end] == text[start:end].strip()
            seen = end
        assert not text[seen:].strip()
        if splitter != "none":
            assert max(embedder().count([text[start:end] for start, end in made[row["_id"]]])) <= SIZE
