"""Question sets in BEIR's layout: what is read, what is written, what is said about a broken line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from core.documents.measuring import read, write
from core.documents.measuring.question_sets import read_qrels, read_queries
from core.documents.measuring.spans import read_spans
from core.errors import InvalidInput, NotFound

QUERIES = '{"_id": "q1", "text": "One?"}\n\n{"_id": 2, "text": "Two?"}\n{"_id": "q3", "text": "Three?"}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\ta\t1\nq1\tb\t0\n2\tc\t2\nq9\ta\t1\nq3\ta\t0\n"


def files(folder: Path, queries: str, qrels: str) -> tuple[Path, Path]:
    (folder / "queries.jsonl").write_text(queries, encoding="utf-8")
    (folder / "qrels.tsv").write_text(qrels, encoding="utf-8")
    return folder / "queries.jsonl", folder / "qrels.tsv"


def test_questions_without_a_relevant_document_are_left_out_and_named(tmp_path: Path) -> None:
    found = read(*files(tmp_path, QUERIES, QRELS))
    assert [(each.id, each.text, each.judged) for each in found.questions] == [
        ("q1", "One?", {"a": 1, "b": 0}),
        ("2", "Two?", {"c": 2}),
    ]
    assert found.notes == (
        "1 of 3 questions have no relevant document in qrels.tsv and are left out.",
        "1 question is in qrels.tsv but not in queries.jsonl.",
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    found = read(*files(tmp_path, QUERIES, QRELS))
    again = read(*write(tmp_path / "copy", found.questions))
    assert again.questions == found.questions and again.notes == ()


def test_gzip_a_byte_order_mark_and_trec_columns(tmp_path: Path) -> None:
    queries, qrels = tmp_path / "q.gz", tmp_path / "r"
    queries.write_bytes(gzip.compress(b'\xef\xbb\xbf{"_id": "q1", "text": "One?"}\r\n'))
    qrels.write_text("q1 0 a 1\nq1 Q0 b 2\n")
    assert read(queries, qrels).questions[0].judged == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("not json", "line 2 is not JSON"),
        ('{"text": "no id"}', 'line 2 lacks "_id" or "text"'),
        ('["q2"]', 'line 2 lacks "_id" or "text"'),
        ('{"_id": "q2", "text": " "}', "line 2 has an empty question, 'q2'"),
        ('{"_id": "q1", "text": "again"}', "line 2 has the id 'q1' a second time"),
        ("[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_a_broken_question_is_named_by_its_line(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text(f'{{"_id": "q1", "text": "One?"}}\n{line}\n')
    with pytest.raises(InvalidInput) as refused:
        list(read_queries(file))
    assert str(refused.value).startswith(f"queries.jsonl, {says}")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("q1\ta", "line 3 has 2 columns"),
        ("q1\ta\tyes", "line 3 has the relevance 'yes', which is no whole number"),
        ("q1\ta\t0.5", "line 3 has the relevance '0.5'"),
        ("q1\ta\tinf", "line 3 has the relevance 'inf'"),
        ("\ta\t1", "line 3 has an empty question or document"),
    ],
)
def test_a_broken_judgement_is_named_by_its_line(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "qrels.tsv"
    file.write_text(f"query-id\tcorpus-id\tscore\nq1\tb\t1\n{line}\n")
    with pytest.raises(InvalidInput) as refused:
        read_qrels(file)
    assert str(refused.value).startswith(f"qrels.tsv, {says}")


def test_files_that_are_none(tmp_path: Path) -> None:
    queries, qrels = files(tmp_path, QUERIES, "query-id\tcorpus-id\tscore\nother\ta\t1\n")
    with pytest.raises(InvalidInput, match="do the two belong together"):
        read(queries, qrels)
    with pytest.raises(NotFound, match="There is no file"):
        read(tmp_path / "nothing", qrels)
    with pytest.raises(InvalidInput, match="is a folder"):
        read(tmp_path, qrels)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read(tmp_path / "binary", qrels)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(QUERIES.encode())[:-12])
    with pytest.raises(InvalidInput, match="damaged gzip"):
        read(tmp_path / "cut.gz", qrels)
    (tmp_path / "empty").write_text("")
    with pytest.raises(InvalidInput, match="holds no question"):
        read(tmp_path / "empty", qrels)
    with pytest.raises(InvalidInput, match="holds no judgement"):
        read(queries, tmp_path / "empty")


@pytest.mark.parametrize(
    "line",
    [
        '{"_id": "q", "doc": "a"}',
        '{"_id": "q", "doc": "a", "spans": [[3, 3]]}',
        '{"_id": "q", "doc": "a", "spans": [[-1, 3]]}',
        '{"_id": "q", "doc": "a", "spans": [[1, "3"]]}',
        '{"_id": "q", "doc": "a", "spans": []}',
        "no",
    ],
)
def test_broken_spans_are_named_by_their_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "spans.jsonl").write_text(f'{{"_id": "p", "doc": "a", "spans": [[0, 2]]}}\n{line}\n')
    with pytest.raises(InvalidInput, match=r"spans\.jsonl, line 2 "):
        read_spans(tmp_path / "spans.jsonl")
