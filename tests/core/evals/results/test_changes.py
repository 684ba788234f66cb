"""An eval against an earlier one: rows matched by what they hold, changes counted and tested; the Pareto line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotFound
from core.evals.results import against, pareto_line
from core.statistics import mcnemar
from tests.core.evals.results.made import make


def run(contents: list[str], passed: dict[str, list[bool]], **fields: Any) -> str:
    names = list(passed)
    return make(
        names,
        len(contents),
        lambda row, variant, _: {"passed": passed[names[variant]][row - 1]},
        row=lambda number: {"vars": {"a": contents[number - 1], "b": number * 0}},
        **fields,
    ).id


def test_rows_are_matched_by_content_and_variants_by_name() -> None:
    then = run(["x", "y", "z", "old"], {"A": [True, False, True, True], "gone": [True] * 4})
    now = run(["new", "z", "y", "x"], {"B": [True] * 4, "A": [True, False, True, True]})
    found = against(now, then)
    assert (found.matched, found.new, found.gone) == (3, (1,), 1)
    assert (found.new_variants, found.gone_variants) == (("B",), ("gone",))
    (changes,) = found.variants
    assert (changes.name, changes.place, changes.worse, changes.better, changes.same) == ("A", 1, (2,), (3,), 1)
    assert changes.sentence == "1 row got worse, 1 better, 1 stayed; fewer than 15 rows: no statistics."
    json.dumps(found.as_json(), allow_nan=False)


def test_the_second_of_two_equal_rows_goes_with_the_second() -> None:
    found = against(run(["x", "x", "x"], {"A": [True, False, True]}), run(["x", "x"], {"A": [False, False]}))
    assert found.variants[0].better == (1,) and found.new == (3,) and found.gone == 0


def test_a_change_is_tested() -> None:
    contents = [f"row {number}" for number in range(60)]
    then = run(contents, {"A": [True] * 50 + [False] * 10})
    now = run(contents[::-1], {"A": ([True] * 30 + [False] * 30)[::-1]})
    (changes,) = against(now, then).variants
    assert len(changes.worse) == 20 and changes.better == () and changes.pair.p == mcnemar(0, 20)
    assert changes.sentence.startswith("20 rows got worse, 0 better, 40 stayed: down 33 points (95 % -")
    assert changes.sentence.endswith("decisive.")
    (same,) = against(then, then).variants
    assert same.pair.p == 1 and "no change" in same.sentence


def test_rows_without_an_answer_are_neither_better_nor_worse() -> None:
    then = run(["x", "y"], {"A": [True, True]})
    now = make(
        ["A"],
        2,
        lambda row, *_: {"error": "No."} if row == 1 else None,
        row=lambda n: {"vars": {"a": "xy"[n - 1], "b": 0}},
    )
    (changes,) = against(now.id, then).variants
    assert (changes.worse, changes.better, changes.same, changes.unknown) == ((), (), 0, 2)
    assert changes.sentence == "No row was answered by both runs."
    with pytest.raises(NotFound):
        against(then, "nothing")


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=9))
def test_the_line_is_what_nothing_beats(points: list[tuple[int, int]]) -> None:
    def beaten(one: tuple[int, int], by: tuple[int, int]) -> bool:
        return by != one and by[0] <= one[0] and by[1] >= one[1]

    line = pareto_line(points)
    assert set(line) == {p for p, one in enumerate(points) if not any(beaten(one, other) for other in points)}
    assert [points[place][0] for place in line] == sorted(points[place][0] for place in line)
