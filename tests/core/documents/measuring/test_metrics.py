"""The metrics: worked by hand, against scikit-learn, and the intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from core.documents.measuring.metrics import measured
from core.statistics.bootstrap import difference, interval


def test_worked_by_hand() -> None:
    judged = {"a": 3, "b": 1, "c": 2, "d": 0, "e": -1}
    found = measured(["d", "a", "x", "b"], judged, 3)
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg@3"] == pytest.approx((3 / math.log2(3)) / ideal)
    assert found["mrr@3"] == 0.5
    assert found["recall@3"] == pytest.approx(1 / 3)
    assert found["hit@3"] == 1
    assert measured(["d", "a", "x", "b"], judged, 1) == {"ndcg@1": 0, "mrr@1": 0, "recall@1": 0, "hit@1": 0}


def test_one_relevant_document_at_each_rank() -> None:
    for rank in range(1, 12):
        ranking = [f"x{number}" for number in range(1, rank)] + ["a"]
        found = measured(ranking, {"a": 1}, 10)
        assert found["ndcg@10"] == (pytest.approx(1 / math.log2(rank + 1)) if rank <= 10 else 0)
        assert found["mrr@10"] == (pytest.approx(1 / rank) if rank <= 10 else 0)
        assert found["hit@10"] == found["recall@10"] == float(rank <= 10)


def test_nothing_relevant_and_nothing_found() -> None:
    assert set(measured(["a"], {"a": 0}, 10).values()) == {0.0}
    assert set(measured([], {"a": 1}, 10).values()) == {0.0}


@settings(deadline=None)
@given(
    grades=st.lists(st.integers(0, 3), min_size=2, max_size=15).filter(any),
    seed=st.integers(0, 1000),
    k=st.integers(1, 20),
)
def test_ndcg_is_that_of_scikit_learn(grades: list[int], seed: int, k: int) -> None:
    """Where every document has a score of its own: scikit-learn takes the mean over ties."""
    scores = np.random.default_rng(seed).permutation(len(grades)).astype(float)
    names = [str(number) for number in range(len(grades))]
    ranking = [names[place] for place in np.argsort(-scores)]
    ours = measured(ranking, dict(zip(names, grades, strict=True)), k)[f"ndcg@{k}"]
    assert ours == pytest.approx(ndcg_score([grades], [scores], k=k))


@given(st.permutations(list("abcdef")), st.sets(st.sampled_from("abcdefgh"), min_size=1), st.integers(1, 8))
def test_what_holds_of_every_ranking(ranking: list[str], relevant: set[str], k: int) -> None:
    found = measured(ranking, dict.fromkeys(relevant, 1), k)
    assert all(0 <= value <= 1 for value in found.values())
    assert (found[f"hit@{k}"] > 0) == (found[f"mrr@{k}"] > 0) == (found[f"recall@{k}"] > 0) == (found[f"ndcg@{k}"] > 0)
    better = sorted(ranking, key=lambda each: each not in relevant)
    for name, value in measured(better, dict.fromkeys(relevant, 1), k).items():
        assert value >= found[name] - 1e-12


def test_the_interval_is_the_same_every_time_and_covers_the_mean() -> None:
    values = [1.0] * 70 + [0.0] * 30
    low, high = interval(values)
    assert (low, high) == interval(values)
    assert low < 0.7 < high
    error = math.sqrt(0.7 * 0.3 / 100)
    assert low == pytest.approx(0.7 - 1.96 * error, abs=0.02) and high == pytest.approx(0.7 + 1.96 * error, abs=0.02)
    assert interval([0.5] * 20) == (0.5, 0.5) and interval([0.25]) == (0.25, 0.25)
    with pytest.raises(ValueError, match="no value"):
        interval([])


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        low, high = interval(generator.normal(0.3, 0.1, 60), resamples=400)
        covered += low <= 0.3 <= high
    assert 180 <= covered <= 200


def test_a_difference_is_paired() -> None:
    """Two settings that differ by little on every question, where the questions differ by much."""
    generator = np.random.default_rng(0)
    one = generator.random(100)
    found = difference((one + 0.01).tolist(), one.tolist())
    assert found.value == pytest.approx(0.01) and found.decisive
    same = difference(one.tolist(), one[::-1].tolist())
    assert not same.decisive
    with pytest.raises(ValueError, match="different questions"):
        difference([1.0], [1.0, 0.0])
