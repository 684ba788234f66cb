"""Every pair of variants: who is compared on which rows, what is decisive, what is said."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics import compare, holm, mcnemar, mean_interval, rows_to_settle, share_difference, sign_flip
from core.statistics.pairs import MIN_ROWS
from core.statistics.verdict import number, points, round_up, verdict_sentence


def table(*columns: list[float]) -> np.ndarray:
    return np.array(columns, dtype=float).T


def test_pass_and_fail() -> None:
    a = [1.0] * 40 + [0.0] * 20
    b = [1.0] * 30 + [0.0] * 10 + [1.0] * 4 + [0.0] * 16
    (pair,) = compare(table(a, b))
    assert (pair.a, pair.b, pair.rows, pair.a_better, pair.b_better, pair.test) == (0, 1, 60, 10, 4, "mcnemar")
    assert pair.difference == pytest.approx(6 / 60) and pair.ci95 == share_difference(10, 4, 60)
    assert pair.p == pair.p_holm == mcnemar(10, 4) and not pair.decisive
    assert pair.rows_to_settle == rows_to_settle(10, 4, 60)


def test_scores_and_shares_of_repeats() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.random(30), generator.random(30)
    (pair,) = compare(table(list(a), list(b)))
    assert pair.test == "sign-flip" and pair.p == sign_flip(a - b)
    assert pair.ci95 == mean_interval(a - b, bounds=(-1, 1))


def test_only_rows_that_both_answered_count() -> None:
    a = [1.0] * 20 + [np.nan] * 10 + [1.0] * 5
    b = [0.0] * 20 + [0.0] * 10 + [np.nan] * 5
    (pair,) = compare(table(a, b))
    assert pair.rows == 20 and pair.difference == 1 and pair.decisive
    (none,) = compare(table([np.nan, 1], [1, np.nan]))
    assert none.rows == 0 and none.test == "none" and none.p == 1 and not none.decisive
    assert none.sentence(["A", "B"]) == "A and B have no row that both answered."


def test_many_pairs_are_corrected() -> None:
    generator = np.random.default_rng(1)
    columns = (generator.random((40, 5)) < [0.3, 0.5, 0.6, 0.7, 0.9]).astype(float)
    found = compare(columns)
    assert [(each.a, each.b) for each in found] == [(a, b) for a in range(5) for b in range(a + 1, 5)]
    assert [each.p_holm for each in found] == holm([each.p for each in found])
    assert all(each.decisive == (each.p_holm < 0.05) for each in found)
    assert all((each.rows_to_settle == 0) == each.decisive for each in found)
    # a p that would do alone need not do among ten
    alone = columns[:, [1, 2]]
    alone[:, 0], alone[:, 1] = 0, np.arange(40) < 6
    assert compare(alone)[0].p == pytest.approx(0.03125) and compare(alone)[0].decisive
    beside = compare(np.column_stack([alone, np.zeros((40, 3))]))
    assert beside[0].p == pytest.approx(0.03125) and not beside[0].decisive and beside[0].rows_to_settle
    # an order of its own for the pairs changes no pair's p
    assert compare(columns, pairs=[(0, 4)])[0].p == found[3].p
    assert compare(columns[:, :1]) == [] == compare(columns[:, :0])


def test_a_pair_without_a_common_row_makes_no_other_stricter() -> None:
    a, b = [1.0] * 6 + [0.0] * 34, [0.0] * 40
    (alone,) = compare(table(a, b))
    nobody = [np.nan] * 40
    beside = compare(table(a, b, nobody, nobody))
    assert beside[0] == alone and alone.decisive
    assert all(each.p_holm == 1 and each.test == "none" and not each.rows_to_settle for each in beside[1:])
    other = compare(table([1.0] * 4 + [0.0] * 36, b, nobody))[0]
    assert other.rows_to_settle == compare(table([1.0] * 4 + [0.0] * 36, b))[0].rows_to_settle


def test_hundreds_of_pairs_can_be_decisive() -> None:
    generator = np.random.default_rng(0)
    scores = np.clip(0.05 + generator.normal(0, 0.01, (200, 34)), 0.01, 0.99)
    scores[:, 0] += 0.9
    found = compare(scores)
    assert len(found) == 561 and all(each.decisive and each.p_holm < 1e-6 for each in found[:33])
    assert not any(each.decisive for each in found if each.a and abs(each.difference) < 1e-4)


def test_few_rows_are_never_decisive() -> None:
    few = table([1.0] * (MIN_ROWS - 1), [0.0] * (MIN_ROWS - 1))
    (pair,) = compare(few)
    assert pair.p < 0.001 and not pair.decisive and pair.rows_to_settle is None
    assert pair.sentence(["A", "B"]) == "A is ahead of B by 100 points on 14 rows; fewer than 15 rows: no statistics."
    (enough,) = compare(table([1.0] * MIN_ROWS, [0.0] * MIN_ROWS))
    assert enough.decisive


def test_variants_that_never_part_are_not_called_equal_for_sure() -> None:
    (pair,) = compare(table([0.4] * 50, [0.4] * 50))
    assert pair.ci95 == share_difference(0, 0, 50) and pair.p == 1 and pair.rows_to_settle is None
    (binary,) = compare(table([1.0] * 50, [1.0] * 50))
    assert binary.ci95 == pair.ci95
    assert "are level (95 % -5 to 5); not decisive, and no number" in binary.sentence(["A", "B"])


def test_the_sentences() -> None:
    assert verdict_sentence("A", "B", -0.12, (-0.21, -0.03), True, 200, 0) == (
        "B is better than A by 12 points (95 % 3 to 21); decisive."
    )
    assert verdict_sentence("A", "B", 0.05, (-0.02, 0.12), False, 100, 24) == (
        "A is ahead of B by 5 points (95 % -2 to 12); not decisive: about 24 rows more would settle it."
    )
    assert verdict_sentence("A", "B", 0.05, (-0.02, 0.12), False, 100, 1).endswith("about 1 row more would settle it.")
    assert verdict_sentence("A", "B", 0.0, (-0.3, 0.3), False, 1, None) == (
        "A and B: 1 row; fewer than 15 rows: no statistics."
    )
    assert (points(0.01), points(0.004), points(-0.123), number(-0.0004), number(0)) == (
        "1 point",
        "0.4 points",
        "-12 points",
        "0",
        "0",
    )
    assert [round_up(rows) for rows in (1, 24, 99, 137, 4284)] == [1, 24, 99, 140, 4300]
