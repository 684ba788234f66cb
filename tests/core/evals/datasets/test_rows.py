"""Rows with the file's defaults in them, numbered, bounded, told apart by a digest, in flat memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.datasets import check, digest_of, rows_of
from core.evals.row import Row
from tests.core.evals.datasets.making import found, over


def _file(tmp_path: Path, text: str = "x,__expected\n1,contains: 1\n2,\n") -> Path:
    (tmp_path / "t.csv").write_text(text)
    return tmp_path / "t.csv"


def test_defaults_come_first_and_own_values_win(tmp_path: Path) -> None:
    polite = Assertion(type="icontains", negated=True, value="sorry")
    file = over(
        _file(tmp_path, "x,tone,__expected,__threshold\n1,kind,contains: 1,0.9\n2,,,\n"),
        default_vars={"tone": "curt", "greeting": "Dear {{x}}", "list": ["p", "q"]},
        default_assertions=(polite,),
        default_threshold=0.5,
        default_metadata={"area": "all"},
        rows=(Row(number=1, vars={"x": "inline {{tone}}", "list": "r"}, with_defaults=False),),
    )
    rows, _ = found(file)
    assert [(row.number, row.vars) for row in rows] == [
        (1, {"x": "inline {{tone}}", "tone": "curt", "greeting": "Dear inline curt", "list": "r"}),
        *((n, {"x": "1", "tone": "kind", "greeting": "Dear 1", "list": each}) for n, each in ((2, "p"), (3, "q"))),
        *((n, {"x": "2", "tone": "", "greeting": "Dear 2", "list": each}) for n, each in ((4, "p"), (5, "q"))),
    ]
    assert [[each.label for each in row.assertions] for row in rows] == [  # type: ignore[union-attr]
        [], *[["not-icontains", "contains"]] * 2, *[["not-icontains"]] * 2,
    ]  # fmt: skip
    assert [row.threshold for row in rows] == [0.5, 0.9, 0.9, 0.5, 0.5]
    assert all(row.metadata == {"area": "all"} for row in rows)


def test_limit_and_several_files(tmp_path: Path) -> None:
    (tmp_path / "more.jsonl").write_text('{"x": 3}\n{"x": 4}\n')
    file = over(_file(tmp_path), more=(str(tmp_path / "more.jsonl"),))
    assert [row.vars["x"] for row in found(file)[0]] == ["1", "2", 3, 4]
    limited = file.model_copy(update={"data": file.data.model_copy(update={"limit": 3})})
    assert [row.vars["x"] for row in found(limited)[0]] == ["1", "2", 3]
    assert check(limited).rows == 3


def test_the_digest_tells_data_sets_apart_by_what_is_in_them(tmp_path: Path) -> None:
    file = over(_file(tmp_path))
    rows, digest = digest_of(file)
    assert rows == 2 and len(digest) == 64
    (tmp_path / "elsewhere.csv").write_bytes((tmp_path / "t.csv").read_bytes())
    assert digest_of(over(tmp_path / "elsewhere.csv")) == (rows, digest)
    assert digest_of(over(tmp_path / "t.csv", default_threshold=0.5))[1] != digest
    for text in [
        "x,__expected\n1,contains: 2\n2,\n",
        "x,__expected\n2,\n1,contains: 1\n",
        "x,__expected\n1,contains: 1\n",
    ]:
        assert digest_of(over(_file(tmp_path, text)))[1] != digest
    asked = Assertion(type="contains", value="1")
    with_default = over(_file(tmp_path, "x\n1\n"), default_assertions=(asked,))
    assert digest_of(with_default) == digest_of(over(_file(tmp_path, "x,__expected\n1,contains: 1\n")))


def test_a_data_set_of_broken_rows_alone_cannot_be_used(tmp_path: Path) -> None:
    checked = check(over(_file(tmp_path, "x,y\n1\n2,3\n4\n"), on_broken="skip"))
    assert (checked.rows, checked.broken, [each.number for each in checked.shown]) == (3, 2, [1, 3])
    with pytest.raises(InvalidInput, match=r"None of the 2 rows can be used\. t\.csv, line 2: It has 1 cell"):
        check(over(_file(tmp_path, "x,y\n1\n4\n"), on_broken="skip"))


def test_notes_of_data_sets_are_told(tmp_path: Path) -> None:
    path = _file(tmp_path, "x,__providerOutput,__expected\n1,a,javascript: true\n")
    checked = check(over(path, unsupported="skip"))
    assert any("__providerOutput is not acted on" in note for note in checked.notes)
    assert any("type 'javascript'" in note for note in checked.notes)


def test_memory_stays_flat_over_many_rows(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"

    def peak(rows: int) -> int:
        with path.open("w") as stream:
            for number in range(rows):
                stream.write(json.dumps({"x": "word " * 40, "target": str(number)}) + "\n")
        tracemalloc.start()
        assert check(over(path)).rows == rows
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(10)  # imports and caches
    few, many = peak(100), peak(5000)
    assert path.stat().st_size > 1_000_000 and many < few + 100_000, (few, many)
    assert len(list(rows_of(over(path, limit=7)))) == 7
