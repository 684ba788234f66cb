"""Paired tests against scipy and statsmodels; by simulation they cry wolf no more often than they may."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from core.statistics import holm, mcnemar, rows_to_settle, rows_to_settle_mean, share_difference, sign_flip
from core.statistics.settling import MOST, mcnemar_power
from core.statistics.sign_flip import DRAWN, EXACT, NORMAL


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_that_of_statsmodels_and_scipy(up: int, down: int) -> None:
    p = mcnemar(up, down)
    assert p == pytest.approx(statsmodels_mcnemar([[5, up], [down, 9]], exact=True).pvalue, abs=1e-12)
    if up + down:
        assert p == pytest.approx(stats.binomtest(up, up + down).pvalue, abs=1e-12)
    assert p == mcnemar(down, up)


def test_mcnemar_cries_wolf_at_most_one_time_in_twenty() -> None:
    """Exactly: over every split of the rows that part two that are alike."""
    for parted in range(1, 80):
        chance = stats.binom.pmf(np.arange(parted + 1), parted, 0.5)
        assert sum(c for up, c in enumerate(chance) if mcnemar(up, parted - up) < 0.05) <= 0.05


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=11))
def test_sign_flips_are_scipys_permutations(differences: list[int]) -> None:
    values = np.array(differences) / 4
    expected = stats.permutation_test(
        (values, np.zeros(len(values))), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip(values) == pytest.approx(min(1.0, expected.pvalue), abs=1e-9)


def test_of_pass_and_fail_the_sign_flip_is_mcnemar() -> None:
    for up, down in [(9, 2), (12, 3), (5, 5), (0, 0), (1, 0)]:
        assert sign_flip([1.0] * up + [-1.0] * down + [0.0] * 30) == pytest.approx(mcnemar(up, down))


def test_drawn_and_normal_flips_agree_with_the_exact_ones() -> None:
    for up, down in [(20, 8), (40, 22), (300, 260)]:
        p = mcnemar(up, down)
        assert sign_flip([1.0] * up + [-1.0] * down) == pytest.approx(p, abs=4 * math.sqrt(p / DRAWN) + 2 / DRAWN)
    values = np.random.default_rng(0).normal(0.05, 1, NORMAL + 500)
    assert sign_flip(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.003)
    assert sign_flip([1.0] * 600 + [-1.0] * 500) == pytest.approx(mcnemar(600, 500), abs=0.001)


def test_a_drawn_p_is_never_0_and_always_the_same() -> None:
    values = np.concatenate([np.full(EXACT + 8, 0.2), np.full(5, -0.2)])
    assert sign_flip(values) == sign_flip(values) >= 1 / (1 + DRAWN)
    assert sign_flip([]) == sign_flip([0.0, 0.0]) == 1


def test_where_no_drawn_assignment_is_extreme_p_goes_on_and_is_never_too_small() -> None:
    for rows in (EXACT + 6, 60, 300):
        exact = 2.0 ** (1 - rows)  # all signs alike
        assert exact < sign_flip([0.3] * rows) < 1e-5
    few_large = [5.0, 5.0, *[0.1] * 20]  # one time in two the large ones stand against each other
    assert sign_flip(few_large) >= 2.0 ** (1 - len(few_large))
    assert sign_flip([0.3] * 60 + [-0.3] * 14) == pytest.approx(mcnemar(60, 14), abs=1 / (1 + DRAWN))


def test_the_sign_flip_cries_wolf_at_most_one_time_in_twenty() -> None:
    """Exact ones and drawn ones, of differences that are skewed in size and alike in sign."""
    generator = np.random.default_rng(2)
    for rows, tries in ((16, 400), (40, 200)):
        sizes = generator.gamma(0.7, 1, (tries, rows)) * generator.choice([-1, 1], (tries, rows))
        false = np.mean([sign_flip(each) < 0.05 for each in sizes])
        assert false <= 0.05 + 3.1 * math.sqrt(0.05 * 0.95 / tries)


def test_holm_is_that_of_statsmodels() -> None:
    generator = np.random.default_rng(6)
    for number in (1, 4, 20):
        ps = (generator.random(number) ** 3).round(2).tolist()  # small ones and ties among them
        assert holm(ps) == pytest.approx(list(multipletests(ps, method="holm")[1]))
    assert holm([]) == []


def test_holm_keeps_the_chance_of_any_false_one() -> None:
    generator = np.random.default_rng(4)
    any_false = np.mean([min(holm(generator.random(15).tolist())) < 0.05 for _ in range(2000)])
    assert any_false <= 0.05 + 3.1 * math.sqrt(0.05 * 0.95 / 2000)


def slow_power(rows: int, up: float, down: float) -> float:
    """The power by its definition: every table of `rows` rows."""
    power = 0.0
    for parted in range(1, rows + 1):
        reject = [k for k in range(parted + 1) if mcnemar(k, parted - k) < 0.05]
        split = sum(stats.binom.pmf(reject, parted, up / (up + down))) if reject else 0.0
        power += stats.binom.pmf(parted, rows, up + down) * split
    return power


@pytest.mark.parametrize(("rows", "up", "down"), [(20, 0.3, 0.1), (50, 0.2, 0.06), (60, 0.1, 0.0), (35, 0.5, 0.2)])
def test_the_power_of_mcnemar_is_exact(rows: int, up: float, down: float) -> None:
    assert mcnemar_power(rows, up, down) == pytest.approx(slow_power(rows, up, down), abs=1e-9)


@pytest.mark.parametrize(("up", "down", "n"), [(10, 4, 60), (6, 3, 30), (30, 20, 100)])
def test_so_many_rows_do_settle_it_four_times_in_five(up: int, down: int, n: int) -> None:
    assert mcnemar(up, down) > 0.05
    more = rows_to_settle(up, down, n)
    assert more is not None
    generator = np.random.default_rng(0)
    tables = generator.multinomial(n + more, [up / n, down / n, 1 - (up + down) / n], 1500)
    assert np.mean([mcnemar(int(u), int(d)) < 0.05 for u, d, _ in tables]) == pytest.approx(0.8, abs=0.045)
    stricter = rows_to_settle(up, down, n, alpha=0.05 / 6)
    assert stricter is not None and stricter > more


def test_nothing_settles_what_is_level_or_all_but() -> None:
    assert rows_to_settle(5, 5, 50) is None and rows_to_settle(0, 0, 50) is None and rows_to_settle(0, 0, 0) is None
    assert rows_to_settle(201, 200, 1000) is None
    assert rows_to_settle_mean(0.0, 0.1, 30) is None and rows_to_settle_mean(1e-6, 0.5, 30) is None
    assert rows_to_settle_mean(0.2, 0.0, 30) == 1


@pytest.mark.parametrize(("mean", "deviation"), [(0.05, 0.2), (-0.1, 0.25), (0.02, 0.3)])
def test_rows_for_a_mean_are_those_of_statsmodels(mean: float, deviation: float) -> None:
    needed = TTestPower().solve_power(effect_size=abs(mean) / deviation, alpha=0.05, power=0.8)
    more = rows_to_settle_mean(mean, deviation, 20)
    assert more is not None and abs(more + 20 - needed) <= 1.5 and more <= MOST


def test_what_mcnemar_calls_significant_has_an_interval_without_0() -> None:
    for n in (15, 30, 60):
        for down in range(n):
            for up in range(down + 1, n - down + 1):
                if mcnemar(up, down) < 0.05:
                    assert share_difference(up, down, n)[0] > 0
