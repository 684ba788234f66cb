"""Rows from CSV, JSON Lines, YAML, JSON and Parquet: what is read, and what is broken and where."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, NotFound
from core.evals.assertion import Assertion
from core.evals.datasets import check, jsonl, rows_of
from core.evals.datasets import csv as reader
from tests.core.evals.datasets.making import found, over
from tests.core.prompts.strategies import texts

many = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def _types(assertions: Any) -> list[str]:
    return [("not-" if each.negated else "") + each.type for each in assertions]


def test_csv_with_all_of_promptfoos_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "\ufeffx, __expected ,__expected2,__description,__threshold,__metric,__prefix,__suffix,__metadata:area,"
        "__metadata:tags[],__config:__expected2:threshold\n"
        '"a, b",contains: a,similar(0.5): b,first,0.7,right,Please: , !,maths,"a,b\\,c",0.9\n'
        "\n"
        "c,,,,,,,,,,\n",
        encoding="utf-8",
    )
    (first, second), broken = found(over(tmp_path / "t.csv"))
    assert broken == [] and first.vars == {"x": "a, b", "__prefix": "Please: ", "__suffix": " !"}
    contains, similar = first.assertions
    assert isinstance(contains, Assertion) and isinstance(similar, Assertion)
    assert (contains.type, contains.value, contains.metric) == ("contains", "a", "right")
    assert (similar.type, similar.threshold) == ("similar", 0.9)
    assert (first.description, first.threshold) == ("first", 0.7)
    assert first.metadata == {"area": "maths", "tags": ["a", "b,c"]}
    assert over("").variants[0].request(first.vars).question == "Please: Say a, b. !"
    assert (second.number, second.where, second.assertions) == (2, "t.csv, line 4", ())


def test_broken_rows_of_a_csv_are_named_by_their_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(
        b"x,__expected\n"
        b"1,a\n"
        b"2\n"
        b'"3\nstill",b\n'
        b"4,a,b\n"
        b"\xff,a\n"
        b'"5"x,a\n'
        b"6,javascript: true\n"
        b"7,a\n"
        b'"8,a\n'
    )  # fmt: skip
    rows, broken = found(over(tmp_path / "t.csv", on_broken="skip"))
    assert [(row.number, row.vars["x"]) for row in rows] == [(1, "1"), (3, "3\nstill"), (8, "7")]
    assert [(each.number, each.where) for each in broken] == [
        (2, "t.csv, line 3"), (4, "t.csv, line 6"), (5, "t.csv, line 7"), (6, "t.csv, line 8"), (7, "t.csv, line 9"),
        (9, "t.csv, line 11"),
    ]  # fmt: skip
    reasons = [each.reason for each in broken]
    for reason, says in zip(
        reasons,
        ["1 cell where the head line has 2", "3 cells", "not UTF-8", "no CSV", "type 'javascript'", "not closed"],
        strict=True,
    ):
        assert says in reason and reason.endswith(".")
    with pytest.raises(InvalidInput, match=r"^t.csv, line 3: It has 1 cell"):
        list(rows_of(over(tmp_path / "t.csv")))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no head line"),
        ("x\n", "t.csv holds no rows"),
        ("x,x\n1,2\n", "two columns 'x'"),
        ("x,,y\n1,2,3\n", "column 2 has no name"),
        ('"x\n1\n', "no head line of a CSV"),
        ("y\n1\n", "It has no value for “x”, which the prompt of 'mine' needs"),
        ("x,__threshold\n1,high\n", "__threshold is 'high'; it must be a number"),
        ("x,__expected\n1,regex:(\n", "is no pattern"),
    ],
)
def test_csv_files_that_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InvalidInput, match=says) as error:
        check(over(tmp_path / "t.csv"))
    assert "\n" not in str(error.value)


def test_semicolons_and_tabs_part_cells_where_there_is_no_comma(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('x;y\n"1;2";3\n')
    (tmp_path / "b.tsv").write_text("x\ty\n1;2\t3\n")
    assert [found(over(tmp_path / name))[0][0].vars for name in ("a.csv", "b.tsv")] == [{"x": "1;2", "y": "3"}] * 2


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
@many
def test_csv_reads_what_a_csv_writer_writes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([("x", "y"), *rows])
    wanted = [{"x": x, "y": y} for x, y in rows if x or y]
    if wanted:
        assert [row.vars for row in found(over(path, "hello"))[0]] == wanted


def test_json_lines_tests_and_plain_rows(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"vars": {"x": ["a", "b"], "y": 1}, "assert": [{"type": "not-contains", "value": "{{y}}"}]}\n'
        "\n"
        '{"x": "c", "tags": ["p", "q"], "__expected": "contains: c"}\n'
        '{"x": "d", "assert": "a variable of that name", "vars": "another"}\n'
    )
    rows, _ = found(over(tmp_path / "t.jsonl"))
    assert [row.vars for row in rows] == [
        {"x": "a", "y": 1}, {"x": "b", "y": 1}, {"x": "c", "tags": ["p", "q"]},
        {"x": "d", "assert": "a variable of that name", "vars": "another"},
    ]  # fmt: skip
    assert [_types(row.assertions) for row in rows] == [["not-contains"], ["not-contains"], ["contains"], []]
    assert [row.where for row in rows] == ["t.jsonl, line 1", "t.jsonl, line 1", "t.jsonl, line 3", "t.jsonl, line 4"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "not JSON"),
        (b"[1]", "no object"),
        (b"3", "no object"),
        (b'{"x": NaN}', "NaN is no number"),
        (b'{"x": "\xff"}', "not UTF-8"),
        (b'{"x": "\\ud800"}', "half a character"),
        (b'{"x": ' + b"[" * 70 + b"]" * 70 + b"}", "nested too deeply"),
        (b'{"x": ' + b"9" * 5000 + b"}", "a number that is too long"),
        (b'{"vars": {"x": 1}, "assert": [{"type": "contains"}]}', "contains needs a value"),
        (b'{"vars": {"x": 1}, "assert": [{"type": "nope", "value": 1}]}', "type 'nope', which Loupe does not know"),
        (b'{"vars": [1]}', "vars must be a mapping"),
        (b'{"vars": {"x": "file:///etc/passwd"}}', "outside of the folder"),
        (b'{"y": 1}', "no value for"),
        (b'{"x": null}', "no value for"),
    ],
)
def test_broken_lines_of_json_lines(tmp_path: Path, line: bytes, says: str) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"x": 1}\n' + line + b'\n{"x": 3}\n')
    rows, broken = found(over(tmp_path / "t.jsonl", folder=tmp_path, on_broken="skip"))
    assert [row.number for row in rows] == [1, 3]
    assert [(each.number, each.where) for each in broken] == [(2, "t.jsonl, line 2")] and says.lower() in broken[
        0
    ].reason.lower()
    with pytest.raises(InvalidInput, match=r"t\.jsonl, line 2"):
        check(over(tmp_path / "t.jsonl", folder=tmp_path))


def test_yaml_and_json_lists(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "- {vars: {x: 1}, assert: [{type: equals, value: 1}]}\n- {x: 2}\n- file://more.json\n"
    )
    (tmp_path / "more.json").write_text('[{"vars": {"x": 3}}, {"x": 4}]')
    rows, _ = found(over(tmp_path / "t.yaml", folder=tmp_path))
    assert [row.vars["x"] for row in rows] == [1, 2, 3, 4] and rows[2].where == "t.yaml, test 3"
    (tmp_path / "loop.yaml").write_text("- file://loop.yaml\n")
    with pytest.raises(InvalidInput, match="without end"):
        list(rows_of(over(tmp_path / "loop.yaml", folder=tmp_path)))
    for text, says in [("a: [", "line"), ("just text", "no list of tests"), ("- !!python/name:os x", "refused")]:
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(InvalidInput, match=says):
            list(rows_of(over(tmp_path / "bad.yaml")))


def test_parquet_columns_are_variables(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = {
        "x": ["a", "b", "c"],
        "day": [datetime.date(2026, 1, 31)] * 3,
        "number": [1.5, float("nan"), 3.0],
        "names": [["p", "q"]] * 3,
        "picture": [None, b"\x89PNG", None],
        "nested": [{"a": {"b": 1}}] * 3,
    }
    pq.write_table(pa.table(table), tmp_path / "t.parquet", row_group_size=2)
    rows, broken = found(over(tmp_path / "t.parquet", "{{x}} {{nested.a.b}}", on_broken="skip"))
    assert [row.vars["x"] for row in rows] == ["a", "c"] and [str(each) for each in broken] == [
        "t.parquet, row 2: It is not text: the column 'picture' holds bytes."
    ]
    assert rows[0].vars == {
        "x": "a", "day": "2026-01-31", "number": 1.5, "names": ["p", "q"], "picture": None, "nested": {"a": {"b": 1}},
        "nested.a.b": 1,
    }  # fmt: skip
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing of the kind")
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        list(rows_of(over(tmp_path / "bad.parquet")))
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        list(rows_of(over(tmp_path / "cut.parquet")))


def test_files_that_are_gone_or_of_no_known_kind(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.csv' is not there any more"):
        check(over(tmp_path / "gone.csv"))
    with pytest.raises(InvalidInput, match="is no data set; its name must end with"):
        check(over(tmp_path / "t.exe"))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidInput, match="cannot be read"):
        check(over(tmp_path / "folder.csv"))


def test_a_json_line_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps({"x": "y" * 200}))
    (tmp_path / "t.csv").write_text("x\n" + "y" * 200)
    for module in (reader, jsonl):
        monkeypatch.setattr(module, "MOST_ROW_BYTES", 100)
    for name in ("t.jsonl", "t.csv"):
        with pytest.raises(InvalidInput, match="is longer than"):
            list(rows_of(over(tmp_path / name)))
