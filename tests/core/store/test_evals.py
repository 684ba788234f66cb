"""The repository of evals: what is written is read, calls are kept once, overrides count, figures are sums of cells."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.errors import NotFound, StoreError
from core.store import eval_figures, evals
from core.store.evals import CellRecord, EvalRecord, OutputRecord, RowRecord


def make(rows: int = 3, **fields: Any) -> EvalRecord:
    page = [RowRecord(number=each + 1, vars={"question": f"Größe {each + 1}?"}) for each in range(rows)]
    values: dict[str, Any] = {"name": "Trial", "rows": rows, "data_digest": "d", "plan": {"variants": []}, "file": "x"}
    return evals.create(page=page, **(values | fields))


def output(key: str, text: str = "four") -> OutputRecord:
    return OutputRecord(key=key, model="smollm2", output=json.dumps({"text": text}, ensure_ascii=False))


def test_what_is_written_is_read() -> None:
    record = make(name="  Two\nlines ")
    assert evals.get(record.id) == record and record.name == "Two lines"
    evals.save_rows(record.id, [RowRecord(number=4, broken="Line 5 is no JSON.", metadata={"topic": "a\0b"})])
    evals.set_job(record.id, "job1")
    assert evals.get(record.id).job == "job1"
    assert [each.number for each in evals.rows(record.id, 2, 2)] == [2, 3]
    assert evals.rows_of(record.id, [4, 1])[1].broken == "Line 5 is no JSON."
    assert evals.rows_of(record.id, [4])[0].metadata == {"topic": "a\0b"}
    assert evals.rows(record.id)[0].vars == {"question": "Größe 1?"}
    with pytest.raises(NotFound, match="no eval 'nothing'"):
        evals.get("nothing")


def test_evals_are_listed_newest_first() -> None:
    made = [make(1, name=f"n{each}") for each in range(3)]
    assert [each.id for each in evals.list_evals(limit=2)] == [made[2].id, made[1].id]
    assert [each.id for each in evals.list_evals(offset=2)] == [made[0].id]


def test_cells_come_in_order_however_many_pages_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.eval_cells.PAGE", 4)
    record = make()
    places = [(row, variant, repeat) for row in (1, 2, 3) for variant in (0, 1) for repeat in (0, 1)]
    cells = [CellRecord(row=row, variant=variant, repeat=repeat) for row, variant, repeat in places]
    evals.save_cells(record.id, cells[::-1])
    assert [each.id for each in evals.cells(record.id)] == places
    assert [each.id for each in evals.cells(record.id, rows=[2], variants=[1])] == [(2, 1, 0), (2, 1, 1)]
    assert evals.done_cells(record.id) == set(places)
    assert evals.done_cells(record.id, first=2, last=2) == {each for each in places if each[0] == 2}


def test_an_output_is_kept_once_and_a_cell_is_replaced() -> None:
    record = make()
    first = CellRecord(row=1, variant=0, output="k", verdicts='[{"a": "\\u0000"}]')
    evals.save_cells(record.id, [first], [output("k")])
    evals.save_cells(record.id, [CellRecord(row=1, variant=0, output="k", passed=True, score=1.0)], [output("k", "no")])
    assert evals.cell(record.id, 1, 0).passed
    assert json.loads(evals.outputs(["k", None, "other"])["k"])["text"] == "four"
    assert evals.known_outputs(["k", "other"]) == {"k"}
    with pytest.raises(NotFound, match="row 1, variant 1"):
        evals.cell(record.id, 1, 1)


def test_cells_and_outputs_are_written_together_or_not_at_all() -> None:
    record = make()
    with pytest.raises(StoreError):
        evals.save_cells("nothing", [CellRecord(row=1, variant=0, output="k")], [output("k")])
    assert evals.known_outputs(["k"]) == set() and evals.done_cells(record.id) == set()


def test_an_error_can_be_left_out_of_what_is_done() -> None:
    record = make()
    evals.save_cells(record.id, [CellRecord(row=1, variant=0, error="It died."), CellRecord(row=2, variant=0)])
    assert evals.done_cells(record.id, errors=False) == {(2, 0, 0)}


def test_deleting_takes_outputs_that_nobody_else_shows() -> None:
    mine, other = make(), make()
    shared, own = CellRecord(row=1, variant=0, output="s"), CellRecord(row=2, variant=0, output="o")
    evals.save_cells(mine.id, [shared, own], [output("s"), output("o")])
    evals.save_cells(other.id, [shared])
    evals.delete(mine.id)
    assert evals.known_outputs(["s", "o"]) == {"s"}
    assert evals.rows(mine.id) == [] and len(evals.rows(other.id)) == 3
    with pytest.raises(NotFound):
        evals.delete(mine.id)


def test_a_person_has_the_last_word_and_can_take_it_back() -> None:
    record = make()
    evals.save_cells(record.id, [CellRecord(row=1, variant=0, passed=False, score=0.2)])
    changed = evals.override(record.id, 1, 0, 0, True, "It is a synonym.")
    assert changed.holds and not changed.passed and changed.override_reason == "It is a synonym."
    assert changed.override_at is not None
    assert eval_figures.counts(record.id)[0].score == 1.0
    assert not evals.override(record.id, 1, 0, 0, None).holds
    assert eval_figures.counts(record.id)[0].score == pytest.approx(0.2)
    with pytest.raises(NotFound):
        evals.override(record.id, 9, 0, 0, True)


def test_a_persons_word_outlives_a_cell_that_was_read_before_it_and_not_another_output() -> None:
    record = make()
    evals.save_cells(record.id, [CellRecord(row=1, variant=0, output="k"), CellRecord(row=2, variant=0)])
    stale, unanswered = evals.cells(record.id)
    for row in (1, 2):
        evals.override(record.id, row, 0, 0, True, "It is a synonym.")
    evals.save_cells(record.id, [replace(stale, score=0.5), replace(unanswered, score=0.5)])
    for kept in evals.cells(record.id):
        assert kept.holds and kept.score == 0.5 and kept.override_reason == "It is a synonym." and kept.override_at
    overruled = evals.cell(record.id, 1, 0)
    evals.override(record.id, 1, 0, 0, None)
    evals.save_cells(record.id, [overruled])  # and what a person took back stays so
    assert evals.cell(record.id, 1, 0).override is None
    evals.save_cells(record.id, [CellRecord(row=2, variant=0, output="new")])
    assert evals.cell(record.id, 2, 0).override is evals.cell(record.id, 2, 0).override_at is None


@pytest.fixture
def judged() -> EvalRecord:
    record = make(4)
    evals.save_rows(record.id, [RowRecord(number=5, broken="It is no JSON.")])
    cells = [
        CellRecord(row=1, variant=0, passed=True, score=1.0, output="a", prompt_tokens=5, completion_tokens=3),
        CellRecord(row=1, variant=1, passed=True, score=0.5, output="b", cost_usd=0.25, cached=True, seconds=2.0),
        CellRecord(row=2, variant=0, passed=True, score=1.0, output="a"),
        CellRecord(row=2, variant=1, passed=False, score=0.0, output="b"),
        CellRecord(row=3, variant=0, error="It died.", score=0.0),
        CellRecord(row=3, variant=1, passed=False, score=0.25, output="b"),
    ]
    evals.save_cells(record.id, cells, [output("a", "vier"), output("b", "100 % Äpfel")])
    evals.override(record.id, 3, 1, 0, True)
    return record


def test_counts_and_arrays_agree(judged: EvalRecord) -> None:
    first, second = eval_figures.counts(judged.id)
    assert (first.cells, first.passed, first.errors, first.score) == (3, 2, 1, 2.0)
    assert (second.cells, second.passed, second.cached, second.overridden) == (3, 2, 1, 1)
    assert second.score == 1.5 and second.seconds == 2.0 and second.cost_usd == 0.25 and first.cost_usd is None
    assert first.prompt_tokens == 5 and first.completion_tokens == 3
    arrays = eval_figures.figures(judged.id)
    assert list(zip(arrays.row, arrays.variant, strict=True)) == [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]
    assert list(arrays.passed) == [True, True, True, False, False, True]
    assert list(arrays.score) == [1.0, 0.5, 1.0, 0.0, 0.0, 1.0]
    assert list(arrays.error) == [False] * 4 + [True, False] and list(arrays.overridden) == [False] * 5 + [True]
    assert arrays.prompt_tokens[0] == 5 and arrays.prompt_tokens[1] != arrays.prompt_tokens[1]
    assert len(eval_figures.figures("nothing")) == 0
    assert eval_figures.broken_rows(judged.id) == 1


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"show": "failures"}, [2]),
        ({"show": "errors"}, [3]),
        ({"show": "differ"}, [2, 3]),
        ({"show": "passes", "variants": [1]}, [1, 3]),
        ({"show": "overridden"}, [3]),
        ({"show": "broken"}, [5]),
        ({"search": "größe 2"}, [2]),
        ({"search": "VIER"}, [1, 2]),
        ({"search": "100 %"}, [1, 2, 3]),
        ({"search": "text"}, []),
        ({"search": "vier", "show": "failures"}, [2]),
    ],
)
def test_rows_are_found_by_what_their_cells_say(judged: EvalRecord, wanted: dict[str, Any], numbers: list[int]) -> None:
    assert eval_figures.row_numbers(judged.id, **wanted) == (numbers, len(numbers))


def test_rows_come_in_pages(judged: EvalRecord) -> None:
    assert eval_figures.row_numbers(judged.id, first=1, count=2) == ([2, 3], 5)
