"""Exports: nothing is lost in JSONL, nothing runs as a formula in CSV."""

from __future__ import annotations

import csv
import io
import json

import pytest

from core.store.export import COLUMNS, as_csv, as_jsonl, defuse
from tests.core.store.records import record

NASTY = "=cmd|'/C calc'!A0\n\"quoted\", comma; Größe 東京 🙂 \u202e \0"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_jsonl_holds_the_whole_run() -> None:
    saved = record(prompt=NASTY, answer=NASTY)
    [line] = "".join(as_jsonl([saved])).splitlines()
    document = json.loads(line)
    assert document["request"] == json.loads(saved.request)
    assert document["result"] == json.loads(saved.result)
    assert document["request"]["messages"][0]["content"] == NASTY
    assert document["id"] == saved.id


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_a_spreadsheet_would_run_are_defused(start: str) -> None:
    [row] = rows("".join(as_csv([record(prompt=start + "1+1", answer=start + "A1")])))
    assert row["prompt"] == "'" + start + "1+1"
    assert row["answer"] == "'" + start + "A1"


def test_numbers_and_plain_text_are_left_alone() -> None:
    assert defuse(-0.5) == -0.5
    assert defuse("a=1") == "a=1"
    assert defuse(None) is None


def test_csv_has_one_row_an_answer_with_its_settings() -> None:
    request = {"mode": "completion", "prompt": "Once", "params": {"temperature": 0.5, "stop": ["\n", "=x"]}}
    result = {"seed": 3, "completions": [{"text": "a", "finish_reason": "stop"}, {"text": "b\nc"}]}
    saved = record(request=json.dumps(request), result=json.dumps(result))
    first, second = rows("".join(as_csv([saved])))
    assert (first["sample"], first["answer"], second["sample"], second["answer"]) == ("0", "a", "1", "b\nc")
    assert (first["prompt"], first["temperature"], first["stop"], first["seed"]) == (
        "Once",
        "0.5",
        '["\\n", "=x"]',
        "3",
    )


def test_a_run_without_an_answer_still_has_a_row() -> None:
    [row] = rows("".join(as_csv([record(result="{}", status="failed", error="No such model.")])))
    assert row["error"] == "No such model."


def test_csv_of_nothing_is_its_header() -> None:
    assert "".join(as_csv([])).strip().split(",") == list(COLUMNS)


def test_exports_come_in_pieces() -> None:
    taken = 0

    def source():  # type: ignore[no-untyped-def]
        nonlocal taken
        for number in range(100):
            taken += 1
            yield record(number)

    for export in (as_jsonl, as_csv):
        taken = 0
        next(iter(export(source())))
        assert taken == 1
