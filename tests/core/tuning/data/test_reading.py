"""Training files: the six formats in every kind of file, and what is said about a wrong one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput, NotFound
from core.tuning.data import FORMATS, detect, first_rows, read_rows

Write = Callable[[str, list[dict[str, Any]]], Path]
ANSWER = {"role": "assistant", "content": "yes"}
ASK = {"role": "user", "content": "really?"}


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet"])
@pytest.mark.parametrize(
    ("row", "format", "prompt", "answer"),
    [
        ({"prompt": "p", "completion": "a"}, "prompt-completion", "p", "a"),
        ({"prompt": "p", "response": "a"}, "prompt-completion", "p", "a"),
        ({"question": "p", "answer": "a", "id": "7"}, "prompt-completion", "p", "a"),
        ({"Input": "p", "Output": "a"}, "prompt-completion", "p", "a"),
        ({"instruction": "p", "output": "a"}, "alpaca", "p", "a"),
        ({"instruction": "p", "input": "with", "output": "a"}, "alpaca", "p\n\nwith", "a"),
        ({"instruction": "p", "context": "with", "response": "a"}, "alpaca", "p\n\nwith", "a"),
        ({"text": "p", "category": "a"}, "text-label", "", "a"),
        ({"utterance": "p", "intent": "a"}, "text-label", "", "a"),
        ({"text": "p"}, "text", "", ""),
    ],
)
def test_every_format_is_seen_in_every_kind_of_file(
    write: Write, kind: str, row: dict[str, str], format: str, prompt: str, answer: str
) -> None:
    file = write(f"rows.{kind}", [row, {key: value + "2" for key, value in row.items()}])
    rows = read_rows(file)
    assert rows.format == format == detect(file)[0]
    assert [each.number for each in rows.examples] == [1, 2]
    assert (rows.examples[0].prompt, rows.examples[0].answer) == (prompt, answer)
    assert rows.digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert rows.labels == (("a", "a2") if format == "text-label" else ())


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet"])
def test_conversations(write: Write, kind: str) -> None:
    theirs = [{"from": "system", "value": "s"}, {"from": "human", "value": "h"}, {"from": "gpt", "value": "g"}]
    same = ({"role": "system", "content": "s"}, {"role": "user", "content": "h"}, {"role": "assistant", "content": "g"})
    sharegpt = read_rows(write(f"a.{kind}", [{"conversations": theirs}]))
    beside = read_rows(write(f"b.{kind}", [{"conversations": theirs[1:], "system": "s"}]))
    messages = read_rows(write(f"c.{kind}", [{"messages": list(same)}]))
    halves = read_rows(write(f"d.{kind}", [{"prompt": list(same[:2]), "completion": list(same[2:])}]))
    assert (sharegpt.format, messages.format, halves.format) == ("sharegpt", "messages", "prompt-completion")
    for rows in (sharegpt, beside, messages, halves):
        assert rows.examples[0].messages == same
        assert rows.examples[0].answer == "g"


def test_conversations_in_a_csv_are_json(write: Write) -> None:
    rows = read_rows(write("rows.csv", [{"messages": json.dumps([ASK, ANSWER])}]))
    assert rows.examples[0].messages == (ASK, ANSWER)


def test_parts_of_a_message_are_one_text(write: Write) -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "really"}, {"type": "text", "text": "?"}]}
    assert read_rows(write("rows.jsonl", [{"messages": [parts, ANSWER]}])).examples[0].messages == (ASK, ANSWER)


def test_columns_that_a_person_names(write: Write) -> None:
    file = write("rows.csv", [{"Frage": "p", "Antwort": "a"}])
    rows = read_rows(file, columns={"prompt": "Frage", "answer": "Antwort"})
    assert (rows.format, rows.examples[0].prompt, rows.examples[0].answer) == ("prompt-completion", "p", "a")
    both = write("both.csv", [{"text": "t", "label": "l", "topic": "x"}])
    assert read_rows(both, columns={"label": "topic"}).labels == ("x",)
    assert read_rows(both, format="text").format == "text"


def test_paragraphs_of_a_text_file(tmp_path: Path) -> None:
    file = tmp_path / "play.txt"
    file.write_bytes("﻿First:\nBefore we go\n\n \r\n\r\nAll:\r\nSpeak.".encode())
    rows = read_rows(file)
    assert [each.text for each in rows.examples] == ["First:\nBefore we go", "All:\r\nSpeak."]


def test_labels_may_be_numbers(write: Write) -> None:
    rows = read_rows(write("rows.jsonl", [{"text": "a", "label": 1}, {"text": "b", "label": False}]))
    assert rows.labels == ("1", "false")


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ({"prompt": "p"}, r"rows\.jsonl, row 2: There is no 'completion'; the row has 'prompt'"),
        ({"prompt": "p", "completion": 5}, "row 2: 'completion' holds a number where a text belongs"),
        ({"prompt": "p", "completion": None}, "row 2: 'completion' is empty"),
        ({"prompt": "p", "completion": "  "}, "row 2: 'completion' is empty"),
        ({"prompt": ["p"], "completion": "a"}, "row 2: 'prompt' holds a list where a text belongs"),
        ({"text": "p", "label": "a"}, "row 2: It is of the format text-label where the rows before it are prompt-com"),
        ({"messages": [ASK, ANSWER]}, "row 2: It is of the format messages"),
    ],
)
def test_a_wrong_row_is_named_by_its_number(write: Write, row: dict[str, Any], match: str) -> None:
    good = {"prompt": "p", "completion": "a"}
    file = write("rows.jsonl", [good, row, good])
    with pytest.raises(InvalidInput, match=match):
        read_rows(file)
    rows = read_rows(file, skip_broken=True)
    assert [each.number for each in rows.examples] == [1, 3]
    assert rows.left_out == len(rows.problems) == 1
    assert "row 2" in rows.problems[0]


@pytest.mark.parametrize(
    ("turns", "match"),
    [
        ([], "holds an empty list where a list of turns"),
        ([ASK], "ends with a turn of the user; the last one must be the assistant's"),
        ([ANSWER], "holds no turn of a user"),
        ([ASK, {"role": "tool", "content": "x"}, ANSWER], "turn 2 of 'messages' has the role 'tool'; known are"),
        ([ASK, {"role": "assistant"}], "turn 2 of 'messages' holds nothing where a text belongs"),
        ([ASK, {"role": "assistant", "content": ""}], "turn 2 of 'messages' is empty"),
        ([ASK, "yes"], "turn 2 of 'messages' is a text where an object belongs"),
        ([ASK, ANSWER] * 501, "has 1,002 turns"),
    ],
)
def test_a_wrong_conversation_is_one_sentence(write: Write, turns: list[Any], match: str) -> None:
    with pytest.raises(InvalidInput, match="(?i)row 1: .*" + match):
        read_rows(write("rows.jsonl", [{"messages": turns}]))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("empty.jsonl", b"", "'empty.jsonl' holds no rows"),
        ("empty.csv", b"text,label\n", "holds no rows"),
        ("empty.json", b"[]", "holds no rows"),
        ("empty.txt", b"\n \n", "holds no rows"),
        ("bytes.jsonl", b'{"text": "\xff"}\n', r"bytes\.jsonl, row 1: It is not UTF-8 text"),
        ("bytes.txt", b"caf\xe9", "It is not UTF-8 text"),
        ("bytes.json", b"[\xff]", "is not UTF-8 text"),
        ("nan.jsonl", b'{"text": NaN}\n', "NaN is no number there"),
        ("half.jsonl", b'{"text": "\\ud800"}\n', "half a character"),
        ("list.jsonl", b"[1]\n", "It holds no object"),
        ("deep.json", b"[" * 99_999, "nested too deeply"),
        ("one.json", b'{"text": "a"}', "holds no list of rows"),
        ("cells.csv", b"text,label\na,b,c\n", r"row 1 \(line 2\): It has 3 cells where the head line has 2"),
        ("strange.jsonl", b'{"a": 1, "b": 2}\n', "has the columns 'a', 'b', which are those of no known format"),
        ("no.parquet", b"PAR1", "cannot be read as Parquet"),
        ("rows.pkl", b"", "its name must end with"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, name: str, content: bytes, match: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=match):
        read_rows(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no training file 'gone\.jsonl'"):
        read_rows(tmp_path / "gone.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InvalidInput, match="no plain file"):
        read_rows(tmp_path / "folder.jsonl")


def test_wrong_choices_are_one_sentence(write: Write) -> None:
    file = write("rows.csv", [{"text": "t", "label": "l"}])
    with pytest.raises(InvalidInput, match="has no column 'intent'; its columns are 'text', 'label'"):
        read_rows(file, columns={"label": "intent"})
    with pytest.raises(InvalidInput, match="'csv' is no format of training data; known are messages"):
        read_rows(file, format="csv")
    with pytest.raises(InvalidInput, match="the format alpaca needs instruction and output"):
        read_rows(file, format="alpaca")
    with pytest.raises(InvalidInput, match="The format text has no label; its columns are text"):
        read_rows(file, format="text", columns={"label": "label"})


def test_too_many_rows_are_refused(write: Write) -> None:
    with pytest.raises(InvalidInput, match="more than 2 rows"):
        read_rows(write("rows.jsonl", [{"text": "a"}] * 3), limit=2)


def test_no_row_that_can_be_used(write: Write) -> None:
    with pytest.raises(InvalidInput, match="none of its 3 can be used"):
        read_rows(write("rows.jsonl", [{"text": ""}] * 3), skip_broken=True)


def test_only_the_first_problems_are_kept(write: Write) -> None:
    rows = read_rows(write("rows.jsonl", [{"text": "a"}, *[{"text": ""}] * 300]), skip_broken=True)
    assert (len(rows.problems), rows.left_out) == (100, 300)


def test_every_format_says_what_it_holds() -> None:
    assert list(FORMATS) == ["messages", "sharegpt", "alpaca", "prompt-completion", "text-label", "text"]
    assert all(FORMATS.values())


def test_the_first_rows_are_shown_without_reading_on(write: Write) -> None:
    file = write("rows.jsonl", [{"text": "a"}, {"text": ""}, {"text": "c"}])
    with file.open("ab") as stream:
        stream.write(b"\xff no row")
    rows = first_rows(file, count=3)
    assert [each.text for each in rows.examples] == ["a", "c"]
    assert rows.problems == ("rows.jsonl, row 2: 'text' is empty.",)
    assert rows.columns == (("text", "text"),)
    with pytest.raises(InvalidInput, match="is no format"):
        first_rows(file, format="x")
    (file.parent / "empty.jsonl").write_text("")
    with pytest.raises(InvalidInput, match="holds no rows"):
        first_rows(file.parent / "empty.jsonl")
