"""The table: modes, words, patterns and filters leave the right rows; a page holds what is drawn and no more."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidInput
from core.evals.results import MODES, Filter, table
from core.store import evals
from tests.core.evals.results.made import make, verdict

ROWS = 40


@pytest.fixture
def made() -> str:
    """Row 3 parts the two, in row 5 both fail, row 7 has an error, row 9 is broken, row 11 parts in its texts only."""

    def cell(row: int, variant: int, _: int) -> dict[str, Any] | None:
        if row == 9:
            return None
        if row == 7 and variant == 1:
            return {"error": "The endpoint did not answer."}
        passed = not (row == 5 or (row == 3 and variant == 1))
        text = f"Größe {row} is {'long ' * 200 if row == 2 else 'short'}" + (
            " or so" if (row, variant) == (11, 1) else ""
        )
        near = 0.2 if (row, variant) == (13, 0) else 0.9
        return {
            "passed": passed,
            "text": text,
            "verdicts": [verdict(passed, reason="No."), verdict(True, near, "near")],
        }

    def row(number: int) -> dict[str, Any]:
        broken = "questions.csv, line 10 has three columns instead of two." if number == 9 else None
        return {"vars": {"question": f"How big is thing {number}?"}, "broken": broken}

    return make(["A", "B"], ROWS, cell, row=row).id


def numbers(eval_id: str, **wanted: Any) -> list[int]:
    return list(table(eval_id, **wanted).numbers)


def test_every_mode(made: str) -> None:
    evals.override(made, 20, 0, 0, False, "Rude.")
    found = {mode: numbers(made, mode=mode) for mode in MODES}
    assert found == {
        "all": list(range(1, ROWS + 1)),
        "failures": [3, 5, 20],
        "differ": [3, 20],
        "texts": [11],
        "errors": [7],
        "overridden": [20],
        "broken": [9],
    }
    assert numbers(made, mode="failures", variants=[1]) == [3, 5]
    with pytest.raises(InvalidInput, match="no mode 'sideways'"):
        table(made, mode="sideways")


def test_an_answer_without_a_verdict_is_shown_with_the_reason() -> None:
    silent = {"unjudged": "The judge gave no verdict.", "text": "Paris, or so."}
    record = make(["A", "B"], 2, lambda row, variant, _: silent if (row, variant) == (2, 1) else {"text": "Paris."})
    assert numbers(record.id, mode="errors") == numbers(record.id, mode="texts") == [2]
    assert numbers(record.id, mode="failures", variants=[1]) == [1]
    found = table(record.id).rows[1].cells[1][0]
    assert (found.status, found.text, found.error) == ("unjudged", "Paris, or so.", "The judge gave no verdict.")
    evals.override(record.id, 2, 1, 0, True)
    found = table(record.id).rows[1].cells[1][0]
    assert (found.status, found.error, found.overridden) == ("passed", None, True)
    assert numbers(record.id, mode="errors") == []


def test_words_patterns_and_filters(made: str) -> None:
    assert numbers(made, search="GRÖSSE nothing") == []
    assert numbers(made, search="thing 12?") == [12]
    assert numbers(made, search="or so") == [11]
    assert numbers(made, search=r"re:thing 1[0-2]\?") == [10, 11, 12]
    assert numbers(made, search=r"re:is short or \w+$") == [11]
    assert numbers(made, metric=Filter("near")) == [13]
    assert numbers(made, metric=Filter("near", below=False, value=0.95)) == []
    assert numbers(made, mode="failures", search="thing 5", metric=Filter("near", below=False)) == [5]
    assert numbers(made, rows=[3, 4, 99], mode="failures") == [3]
    with pytest.raises(InvalidInput, match="is no pattern"):
        table(made, search="re:(")
    with pytest.raises(InvalidInput, match="No assertion is called 'far' here; there are contains, near"):
        table(made, metric=Filter("far"))


def test_a_pattern_that_would_take_years_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.evals.scorers.patterns.SECONDS", 0.2)
    eval_id = make(["A"], 3, lambda *_: {"passed": True, "text": "a" * 60 + "!"}).id
    with pytest.raises(InvalidInput, match="takes longer than"):
        table(eval_id, search="re:(a|aa)+$")


def test_a_search_that_takes_too_long_says_how_far_it_came(made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.evals.results.browsing.PATTERN_S", -1.0)
    found = table(made, search="re:thing")
    assert "narrow the rows first" in found.note and found.matching <= 2


def test_pages(made: str) -> None:
    first, last = table(made, per_page=15), table(made, per_page=15, page=99)
    assert [row.number for row in first.rows] == list(range(1, 16)) and (first.pages, first.matching) == (3, 40)
    assert last.page == 3 and [row.number for row in last.rows] == list(range(31, 41))
    assert table(made, per_page=15, page=-1).page == 1
    nothing = table(made, search="nowhere")
    assert (nothing.rows, nothing.matching, nothing.pages, nothing.total) == ((), 0, 1, 40)


def test_a_row_has_what_is_drawn(made: str) -> None:
    rows = {row.number: row for row in table(made).rows}
    a, b = rows[3].cells
    assert (a[0].passed, b[0].passed, b[0].reason) == (True, False, "No.")
    assert rows[2].cells[0][0].cut and len(rows[2].cells[0][0].text) == 600 and not a[0].cut
    assert rows[7].cells[1][0].error == "The endpoint did not answer." and rows[7].cells[1][0].text == ""
    assert rows[9].broken and rows[9].cells == ((), ())
    assert rows[3].vars == {"question": "How big is thing 3?"}


def test_repeats_stand_in_one_cell() -> None:
    eval_id = make(["A"], 2, lambda row, v, time: {"passed": time == 1, "text": f"{row}.{time}"}, repeat=3).id
    (cells,) = table(eval_id).rows[0].cells
    assert [(each.repeat, each.passed, each.text) for each in cells] == [
        (0, False, "1.0"),
        (1, True, "1.1"),
        (2, False, "1.2"),
    ]
    assert numbers(eval_id, mode="differ") == [1, 2] == numbers(eval_id, mode="texts")
