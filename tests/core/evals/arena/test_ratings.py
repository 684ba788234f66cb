"""Ratings: published abilities, a logistic regression, and strengths that votes were drawn from."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evals.arena.ballots import Ballot, Outcome, identity
from core.evals.arena.ratings import MEAN, SCALE, bradley_terry, ratings
from tests.core.evals.arena.voting import ballot, contestant

NAMES = "abcde"
PLAYERS = [contestant(name, 0.1 * place) for place, name in enumerate(NAMES)]


def _drawn(strengths: list[float], games: int, seed: int, ties: float = 0.0) -> list[Ballot]:
    """Votes as Bradley and Terry have them: log strengths, and how often a vote is a tie."""
    chance, found = random.Random(seed), []
    for number in range(games):
        i, j = chance.sample(range(len(strengths)), 2)
        won = chance.random() < 1 / (1 + math.exp(strengths[j] - strengths[i]))
        outcome: Outcome = "tie" if chance.random() < ties else "left" if won else "right"
        found.append(ballot(PLAYERS[i], PLAYERS[j], outcome, number=number))
    return found


def _by_name(votes: list[Ballot], **more: float) -> dict[str, float]:
    return {each.name: each.rating for each in ratings(votes, resamples=10, **more).ratings}  # type: ignore[arg-type]


def test_the_baseball_teams_of_agresti() -> None:
    """American League, 1987: Agresti, Categorical Data Analysis, 10.6; R's BradleyTerry2 gives the same digits."""
    wins = np.array(
        [
            [0, 7, 9, 7, 7, 9, 11],
            [6, 0, 7, 5, 11, 9, 9],
            [4, 6, 0, 7, 7, 8, 12],
            [6, 8, 6, 0, 6, 7, 10],
            [6, 2, 6, 7, 0, 7, 12],
            [4, 4, 5, 6, 6, 0, 6],
            [2, 4, 1, 3, 1, 7, 0],
        ],
        dtype=float,
    )
    found = bradley_terry(wins, prior=0)
    assert found - found[-1] == pytest.approx([1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0], abs=1e-4)


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_the_same_as_a_logistic_regression(ties: float) -> None:
    from sklearn.linear_model import LogisticRegression

    votes = _drawn([1.0, 0.3, 0.0, -0.4, -0.9], 400, seed=1, ties=ties)
    rows, won, weights = [], [], []
    for each in votes:
        row = [0.0] * 5
        row[NAMES.index(each.left.variant.name)], row[NAMES.index(each.right.variant.name)] = 1.0, -1.0
        for outcome, weight in {"left": [(1, 1.0)], "right": [(0, 1.0)]}.get(each.outcome, [(1, 0.5), (0, 0.5)]):
            rows.append(row)
            won.append(outcome)
            weights.append(weight)
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    fitted = model.fit(rows, won, sample_weight=weights).coef_[0]
    wanted = dict(zip(NAMES, MEAN + SCALE * (fitted - fitted.mean()), strict=True))
    assert _by_name(votes, prior=0) == pytest.approx(wanted, abs=0.05)


def test_known_strengths_are_found_again() -> None:
    strengths = [1.2, 0.5, 0.0, -0.5, -1.2]
    wanted = {name: MEAN + SCALE * each for name, each in zip(NAMES, strengths, strict=True)}
    assert _by_name(_drawn(strengths, 6000, seed=2)) == pytest.approx(wanted, abs=25)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    strengths, inside, runs = [0.8, 0.2, -0.2, -0.8], 0, 60
    for seed in range(runs):
        for each in ratings(_drawn(strengths, 300, seed=seed), resamples=100, seed=seed).ratings:
            truth = MEAN + SCALE * strengths[NAMES.index(each.name)]
            assert each.low <= each.high
            inside += each.low <= truth <= each.high
    assert 0.9 <= inside / (4 * runs) <= 0.99  # of 240, some of which hang together


def test_who_won_everything_has_a_large_rating_and_not_an_infinite_one() -> None:
    votes = [ballot(PLAYERS[0], PLAYERS[1], "left", number=n) for n in range(10)]
    found = ratings(votes)
    first, second = found.ratings
    assert (first.name, first.wins, second.losses) == ("a", 10, 10)
    assert 1250 < first.rating < 2000 and first.rating - MEAN == pytest.approx(MEAN - second.rating)
    assert _by_name([*votes, *votes])["a"] > first.rating
    assert first.low < first.rating - 50  # ten of ten do not exclude a loss
    assert ratings(votes[:1]).ahead == pytest.approx(0.75, abs=0.05)


def test_ties_and_both_bad_are_half_wins_and_counted() -> None:
    outcomes: list[Outcome] = ["tie", "both-bad", "left", "right"]
    found = ratings([ballot(PLAYERS[0], PLAYERS[1], each, number=n) for n, each in enumerate(outcomes)])
    one, other = found.ratings
    assert one.rating == pytest.approx(other.rating) == pytest.approx(MEAN)
    assert [(each.votes, each.wins, each.losses, each.ties, each.both_bad) for each in found.ratings] == [
        (4, 1, 1, 2, 1)
    ] * 2
    assert one.score == 0.5 and found.sentence.startswith("Too few votes to say who is better: a and b need 10 each")


def test_one_that_meets_nobody_twice_and_groups_that_never_meet() -> None:
    votes = [ballot(PLAYERS[0], PLAYERS[1], "left"), ballot(PLAYERS[2], PLAYERS[3], "right", number=2)]
    found = ratings(votes)
    assert all(math.isfinite(each.rating) and 700 < each.rating < 1300 for each in found.ratings)
    assert ratings([]).ratings == () and ratings([]).sentence == "No votes yet."


def test_the_same_votes_give_the_same_interval() -> None:
    votes = _drawn([0.5, 0.0, -0.5], 60, seed=5)
    assert ratings(votes) == ratings(votes)
    assert ratings(votes).ratings[0].low != ratings(votes, seed=1).ratings[0].low
    assert [each.rating for each in ratings(votes).ratings] == [each.rating for each in ratings(votes, seed=1).ratings]


def test_the_sentence_says_whether_it_is_settled() -> None:
    clear = ratings(_drawn([1.5, -1.5], 200, seed=3))
    assert clear.ahead == 1.0 and clear.sentence.startswith("a is ahead of b in 100.0% of the samples: decisive")
    close = ratings(_drawn([0.1, -0.1], 40, seed=4))
    assert close.ahead is not None and close.ahead < 0.975 and close.sentence.startswith("Not decisive: ")


def test_a_contestant_is_its_settings_and_not_its_name() -> None:
    renamed = PLAYERS[0].model_copy(update={"name": "A"})
    other = contestant("a", 0.7)
    votes = [ballot(renamed, PLAYERS[1], "left", number=2), ballot(PLAYERS[0], PLAYERS[1], "left", number=1)]
    assert [each.name for each in ratings(votes).ratings] == ["A", "b"]
    votes = [ballot(PLAYERS[0], other, "left")]
    assert {each.name for each in ratings(votes).ratings} == {"a (1)", "a (2)"}
    drawn = PLAYERS[1].model_copy(update={"params": PLAYERS[1].params.model_copy(update={"seed": 7})})
    assert identity(drawn) == identity(PLAYERS[1]) != identity(other)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["left", "right", "tie", "both-bad"])),
        max_size=30,
    )
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_swapping_sides_changes_nothing(played: list[tuple[int, int, Outcome]]) -> None:
    turned: dict[str, Outcome] = {"left": "right", "right": "left", "tie": "tie", "both-bad": "both-bad"}
    votes = [ballot(PLAYERS[i], PLAYERS[j], o, number=n) for n, (i, j, o) in enumerate(played) if i != j]
    swapped = [ballot(each.right.variant, each.left.variant, turned[each.outcome], number=each.id) for each in votes]
    assert _by_name(swapped) == pytest.approx(_by_name(votes), abs=1e-6)
    assert sum(_by_name(votes).values()) == pytest.approx(MEAN * len(_by_name(votes)), abs=1e-6)
