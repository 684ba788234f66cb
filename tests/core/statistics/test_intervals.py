"""Intervals against statsmodels and scipy, and by simulation: they cover the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from core.statistics import mean_interval, share_difference, share_interval, wilson
from core.statistics.means import BOOTSTRAPPED

SIMULATED = 600


def chance_below(level: float, tries: int) -> float:
    """A share that a true coverage of `level` falls below one time in a thousand."""
    return level - 3.1 * math.sqrt(level * (1 - level) / tries)


@given(n=st.integers(1, 3000), share=st.floats(0, 1))
def test_wilson_is_that_of_statsmodels(n: int, share: float) -> None:
    right = round(share * n)
    assert wilson(right, n) == pytest.approx(proportion_confint(right, n, method="wilson"), abs=1e-12)


def test_rows_asked_once_have_wilsons_interval() -> None:
    passed = [True] * 34 + [False] * 66
    assert share_interval(passed) == wilson(34, 100) == share_interval(passed, range(100))


def test_repeats_that_always_agree_count_once() -> None:
    rows = np.repeat(np.arange(60), 4)
    passed = np.repeat(np.arange(60) < 40, 4)
    low, high = share_interval(passed, rows)
    once = wilson(40, 60)
    assert (low, high) == pytest.approx(once, abs=0.01)
    assert high - low > 1.9 * np.subtract(*wilson(160, 240)[::-1])
    # all agree: nothing is known of how repeats resemble each other, so the rows count
    assert share_interval([True] * 240, rows) == wilson(60, 60)
    assert share_interval([True, False, True], [7, 7, 7]) == (0, 1)


@pytest.mark.parametrize(("rows", "repeats", "a", "b"), [(15, 3, 2, 1), (40, 5, 0.3, 0.1), (40, 3, 9, 1)])
def test_a_share_with_repeats_is_covered(rows: int, repeats: int, a: float, b: float) -> None:
    """Every row has a chance of its own to be passed: what repeats say of each other."""
    generator = np.random.default_rng(0)
    chances = generator.beta(a, b, (SIMULATED, rows, 1))
    passed = (generator.random((SIMULATED, rows, repeats)) < chances).reshape(SIMULATED, -1)
    of = np.repeat(np.arange(rows), repeats)
    intervals = np.array([share_interval(each, of) for each in passed])
    truth = a / (a + b)
    assert chance_below(0.95, SIMULATED) <= np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])) <= 0.99


def test_a_mean_of_many_rows_has_the_interval_of_the_books() -> None:
    generator = np.random.default_rng(3)
    values = generator.beta(2, 3, 400)
    books = DescrStatsW(values).tconfint_mean()
    assert mean_interval(values) == pytest.approx(books, abs=0.002)
    bootstrap = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    assert mean_interval(values) == pytest.approx(tuple(bootstrap), abs=0.002)
    many = generator.beta(2, 3, BOOTSTRAPPED + 1)
    assert mean_interval(many) == pytest.approx(DescrStatsW(many).tconfint_mean(), abs=1e-12)


def test_a_mean_with_repeats_is_as_sure_as_statsmodels_with_clusters() -> None:
    generator = np.random.default_rng(5)
    rows = np.repeat(np.arange(200), 3)
    values = np.clip(0.5 + np.repeat(generator.normal(0, 0.1, 200), 3) + generator.normal(0, 0.05, 600), 0, 1)
    fitted = OLS(values, np.ones(600)).fit(
        cov_type="cluster", cov_kwds={"groups": rows, "use_correction": True, "df_correction": True}
    )
    assert mean_interval(values, rows) == pytest.approx(tuple(fitted.conf_int()[0]), abs=0.002)
    shuffled = generator.permutation(600)
    assert mean_interval(values[shuffled], rows[shuffled]) == pytest.approx(mean_interval(values, rows), abs=1e-6)


@pytest.mark.parametrize("rows", [15, 60])
@pytest.mark.parametrize("kind", ["normal", "skewed", "thirds"])
def test_a_mean_is_covered(rows: int, kind: str) -> None:
    generator = np.random.default_rng(1)
    size = (SIMULATED, rows)
    draws, truth, level = {
        "normal": (generator.normal(0.5, 0.1, size), 0.5, 0.95),
        "skewed": (generator.beta(0.5, 2, size), 0.2, 0.92),  # no interval without assumptions does better on 15 rows
        "thirds": (generator.choice([0, 1 / 3, 2 / 3, 1], size, p=[0.1, 0.1, 0.2, 0.6]), 23 / 30, 0.93),
    }[kind]
    intervals = np.array([mean_interval(each) for each in draws])
    assert np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])) >= chance_below(level, SIMULATED)


def test_a_mean_of_equal_values_and_of_none() -> None:
    assert mean_interval([0.3] * 20) == pytest.approx((0.3, 0.3), abs=1e-12)
    assert mean_interval([0.3]) == mean_interval([]) == mean_interval([0.1, 0.9], [4, 4]) == (0, 1)
    assert mean_interval([0.5], bounds=(-1, 1)) == (-1, 1)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
def test_an_interval_holds_its_mean_and_stays_possible(values: list[float]) -> None:
    low, high = mean_interval(values)
    assert 0 <= low <= np.mean(values) + 1e-9 and np.mean(values) - 1e-9 <= high <= 1
    assert (low, high) == mean_interval(values)


def test_a_paired_difference_worked_by_hand() -> None:
    """Bonett and Price's formula with one row added to each of the two kinds that part."""
    more, less = 9 / 52, 3 / 52
    half = 1.959964 * math.sqrt((more + less - (more - less) ** 2) / 52)
    assert share_difference(8, 2, 50) == pytest.approx((more - less - half, more - less + half), abs=1e-6)
    assert share_difference(2, 8, 50) == pytest.approx([-each for each in share_difference(8, 2, 50)[::-1]])
    assert share_difference(0, 0, 0) == (-1, 1)


@pytest.mark.parametrize(("n", "up", "down"), [(20, 0.2, 0.1), (40, 0.3, 0.3), (100, 0.1, 0.0), (200, 0.05, 0.02)])
def test_a_paired_difference_is_covered(n: int, up: float, down: float) -> None:
    """Exactly, over every table that can come out."""
    u, d = np.mgrid[0 : n + 1, 0 : n + 1]
    u, d = u[u + d <= n], d[u + d <= n]
    chance = stats.multinomial.pmf(np.stack([u, d, n - u - d], axis=-1), n, [up, down, 1 - up - down])
    covered = 0.0
    for each in np.flatnonzero(chance > 1e-7):
        low, high = share_difference(int(u[each]), int(d[each]), n)
        covered += chance[each] * (low <= up - down <= high)
    assert 0.935 <= covered <= 1
