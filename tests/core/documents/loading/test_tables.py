"""CSV, JSON, JSONL and workbooks: a line a row that can be read alone."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.documents.extracted import Extracted, Refused
from core.errors import LoadError
from tests.core.documents.loading import make
from tests.core.documents.loading.conftest import Read

One = Callable[..., Extracted]
cells = st.text(st.sampled_from('ab é"\n;,|\t1'), max_size=8)


def test_a_row_names_its_columns(one: One) -> None:
    document = one("a.csv", 'name,town,age\nAnn,"Paris, France",31\nBob,,42\n')
    assert document.text == "name: Ann; town: Paris, France; age: 31\nname: Bob; age: 42\n"
    assert document.notes == ()


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_delimiters(one: One, mark: str, word: str) -> None:
    rows = [["name", "price"], ["Ann", "1,5"], ["Bob", "2,5"]]
    document = one("a.csv", "".join(mark.join(row) + "\n" for row in rows))
    assert document.text == "name: Ann; price: 1,5\nname: Bob; price: 2,5\n"
    assert document.metadata["delimiter"] == word


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "cp932"])
def test_encodings(one: One, encoding: str) -> None:
    word = "東京都千代田区" if encoding == "cp932" else "Größe über Ärger"
    document = one("a.csv", f"title,word\nfirst,{word}\nsecond,{word}\n".encode(encoding))
    assert document.text == f"title: first; word: {word}\ntitle: second; word: {word}\n"


def test_ragged_rows_are_kept_and_counted(one: One) -> None:
    document = one("a.csv", "a,b\nx,y\nx\nx,y,z\n\nx,y\n")
    assert document.text == "a: x; b: y\na: x\na: x; b: y; column 3: z\na: x; b: y\n"
    assert document.notes == (
        "Rows with other than 2 cells: 1 longer, 1 shorter, the first in line 3; they were kept.",
    )


def test_doubled_and_missing_headers_are_numbered(one: One) -> None:
    document = one("a.csv", "name,name,\nA,B,C\n")
    assert document.text == "name: A; name (2): B; column 3: C\n"
    assert "numbered" in document.notes[0]


def test_a_table_without_a_header(one: One) -> None:
    document = one("a.csv", "1,2\n3,4\n")
    assert document.text == "column 1: 1; column 2: 2\ncolumn 1: 3; column 2: 4\n"
    assert "does not name the columns" in document.notes[0]


def test_a_field_of_ten_megabytes(read: Read) -> None:
    field = "word " * 2_000_000
    parts = read("a.csv", f'id,text\na,"{field}"\nb,short\n')
    text = "".join(part.text for part in parts if isinstance(part, Extracted))
    assert text == f"id: a; text: {field.strip()}\nid: b; text: short\n"


def test_a_quotation_mark_that_is_not_closed_is_told(one: One) -> None:
    document = one("a.csv", 'a,b\nx,"y\n' + "x,y\n" * 3000)
    assert any("quotation mark" in note and "line 2" in note for note in document.notes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=6))
def test_no_cell_of_a_csv_is_lost(read: Read, rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["alpha", "beta"], *rows])
    wanted = [" ".join(cell.split()) for row in rows for cell in row if cell.split()]
    if not wanted:
        return
    (document,) = read("a.csv", out.getvalue())
    assert isinstance(document, Extracted)
    place = 0
    for cell in wanted:
        place = document.text.index(cell, place)


def test_json_paths_and_records(one: One) -> None:
    value = {
        "name": "Lens",
        "tags": ["a", "b"],
        "none": None,
        "maker": {"town": "Jena", "since": 1846},
        "parts": [{"id": 1, "ok": True}, {"id": 2, "ok": False}],
        "mixed": [1, {"x": {"y": "z"}}],
    }
    document = one("a.json", json.dumps(value))
    assert document.text.split("\n") == [
        "name: Lens",
        "tags: a, b",
        "maker.town: Jena",
        "maker.since: 1846",
        "parts[0]: id: 1; ok: true",
        "parts[1]: id: 2; ok: false",
        "mixed[0]: 1",
        "mixed[1].x.y: z",
    ]
    assert document.title == "Lens"


def test_a_list_of_records_reads_as_a_table(one: One) -> None:
    assert one("a.json", '[{"a": 1, "b": "x"}, {"a": 2}]').text == "a: 1; b: x\na: 2"


def test_odd_json_is_kept_and_told(one: One) -> None:
    text = '{"n": NaN, "i": [-Infinity, 1], "big": 1e400, "digits": %s, "n": "again", "s": "x\\ud800y"}' % ("9" * 5000)
    document = one("a.json", b"\xef\xbb\xbf" + text.encode())
    assert document.text.split("\n") == [
        "n: NaN",
        "i: -Infinity, 1",
        "big: 1e400",
        f"digits: {'9' * 5000}",
        "n (2): again",
        "s: x\ufffdy",
    ]
    assert len(document.notes) == 3


def test_a_pair_of_surrogates_is_one_character(one: One) -> None:
    document = one("a.json", '{"a": "\\ud83d\\ude42"}')
    assert (document.text, document.notes) == ("a: 🙂", ())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 100_000 + "]" * 100_000, "is nested too deeply to be read."),
        ('{"a": 1,\n "b": }', "is not valid JSON: Expecting value in line 2, column 7."),
        ("[]", "holds no value."),
    ],
)
def test_json_that_is_refused(read: Read, text: str, sentence: str) -> None:
    with pytest.raises(LoadError) as caught:
        read("a.json", text)
    assert str(caught.value) == f"a.json {sentence}"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(values)
def test_any_json_is_read_or_refused_with_a_sentence(read: Read, value: object) -> None:
    try:
        (document,) = read("a.json", json.dumps(value))
    except LoadError as error:
        assert str(error) == "a.json holds no value."
    else:
        assert isinstance(document, Extracted)
        document.text.encode()
        assert "\0" not in document.text


def test_beir_rows_are_documents(read: Read) -> None:
    rows = [
        {"_id": "a", "title": "Glass", "text": "It bends light.", "year": 1900, "metadata": {"url": "x"}},
        {"_id": "b", "text": "No title."},
        {"_id": 3, "title": "Only a title", "text": ""},
    ]
    found = read("corpus.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert [(one.key, one.text, one.title) for one in found if isinstance(one, Extracted)] == [
        ("a", "Glass It bends light.", "Glass"),
        ("b", "No title.", "b"),
        ("3", "Only a title", "Only a title"),
    ]
    assert isinstance(found[0], Extracted)
    assert found[0].metadata == {"_id": "a", "url": "x", "year": 1900}


def test_broken_rows_of_a_corpus_are_named_and_the_others_read(read: Read) -> None:
    good = '{"_id": "%d", "text": "text"}\n'
    lines = [
        good % 0,
        "{broken\n",
        good % 1,
        '{"_id": "x"}\n',
        '{"_id": "y", "text": " "}\n',
        "\n",
        good % 2,
        '{"_id": "z',
    ]
    found = read("corpus.jsonl", "".join(lines))
    assert [one.key for one in found] == ["0", "line 2", "1", "line 4", "line 5", "2", "line 8"]
    reasons = [one.reason for one in found if isinstance(one, Refused)]
    assert reasons[0].startswith("line 2: not valid JSON")
    assert reasons[2] == "line 5: y has no text."


def test_a_flood_of_broken_rows_is_counted(read: Read) -> None:
    found = read("corpus.jsonl", '{"_id": "a", "text": "b"}\n' + "broken\n" * 1000)
    assert len(found) == 102
    assert found[-1] == Refused(key="further lines", reason="900 further lines could not be read.")


def test_other_jsonl_is_one_document(one: One) -> None:
    document = one("a.jsonl", '{"q": "Why?", "a": {"text": "So."}}\nbroken\n{"q": 1e999, "n": NaN}\n')
    assert document.text == "q: Why?; a.text: So.\nq: 1e999; n: NaN\n"
    assert document.notes == ("line 2: not valid JSON (Expecting value at column 1).",)


def test_the_number_of_a_late_broken_line(one: One) -> None:
    document = one("a.jsonl", '{"a": 1}\n' * 20_000 + '{"a": \n')
    assert document.notes[0].startswith("line 20,001: not valid JSON")
    assert document.text.count("\n") == 20_000


def test_jsonl_without_a_good_line(read: Read) -> None:
    with pytest.raises(LoadError, match="holds no line of valid JSON: line 1: not valid JSON"):
        read("a.jsonl", "broken\nagain\n")


def test_a_workbook_has_a_page_a_sheet(one: One) -> None:
    sheets = {
        "Prices": [
            ["Price list", None, None],
            [],
            ["item", "price", "since"],
            ["Lens", 12.0, datetime.date(2024, 1, 2)],
            [None, 0.5, None],
            ["Lamp", 3, datetime.datetime(2024, 1, 2, 3, 4), "extra"],
        ],
        "Empty": [],
        "Plain": [[1, 2], [3, None]],
    }
    document = one("a.xlsx", make.xlsx(sheets))
    assert [(page.number, page.label) for page in document.pages] == [(1, "Prices"), (3, "Plain")]
    first, second = (document.text[page.start : page.end] for page in document.pages)
    assert first.split("\n") == [
        "# Prices",
        "",
        "Price list",
        "item: Lens; price: 12; since: 2024-01-02",
        "price: 0.5",
        "item: Lamp; price: 3; since: 2024-01-02 03:04:00; column D: extra",
    ]
    assert second == "# Plain\n\ncolumn A: 1; column B: 2\ncolumn A: 3"
    assert "Sheets without a filled cell: Empty." in document.notes


def test_formulas_without_a_result_are_told(one: One) -> None:
    document = one("a.xlsx", make.xlsx({"S": [["item", "sum"], ["Lens", "=1+1"]]}))
    assert document.text == "# S\n\nitem: Lens"
    assert any("formulas without a stored result were left out (1)" in note for note in document.notes)


def test_a_workbook_without_cells_is_refused(read: Read) -> None:
    with pytest.raises(LoadError, match="holds no filled cell"):
        read("a.xlsx", make.xlsx({"S": []}))


def test_a_sheet_that_claims_a_million_rows(one: One) -> None:
    data = make.xlsx({"S": [["name", "age"], ["Ann", "x"]]})
    sheet = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>only</t></is></c></row>'
        '<row r="200000"><c r="B200000"><v>7</v></c></row></sheetData></worksheet>'
    )
    document = one("a.xlsx", make.replaced(data, "xl/worksheets/sheet1.xml", sheet))
    assert document.text == "# S\n\nonly\n7"
