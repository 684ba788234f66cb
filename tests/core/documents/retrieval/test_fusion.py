"""Rank fusion and MMR: worked by hand, and properties that hold for every list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.retrieval.modes.hybrid import combined
from core.documents.retrieval.modes.mmr import select
from core.documents.retrieval.ranking import fused, staged

IDS = st.lists(st.integers(1, 20), unique=True, max_size=10)


def test_fusion_worked_by_hand() -> None:
    one, other = staged("a", [(1, 0.9), (2, 0.8), (3, 0.7)]), staged("b", [(3, 12.0), (4, 11.0)])
    found = fused("fusion", [one, other], [0.5, 0.5], 60)
    assert [each.id for each in found] == [3, 1, 2, 4]
    assert found[0].score == pytest.approx(0.5 / 63 + 0.5 / 61)
    assert found[0].stages == {
        "a": {"rank": 3, "score": 0.7},
        "b": {"rank": 1, "score": 12.0},
        "fusion": {"rank": 1, "score": found[0].score},
    }
    assert found[3].stages.keys() == {"b", "fusion"}


@given(one=IDS, other=IDS, k=st.integers(1, 100))
def test_all_weight_on_one_list_is_that_list(one: list[int], other: list[int], k: int) -> None:
    lists = [staged("a", [(each, 1.0) for each in one]), staged("b", [(each, 1.0) for each in other])]
    assert [each.id for each in fused("f", lists, [1.0, 0.0], k)] == one
    assert [each.id for each in fused("f", lists, [0.0, 1.0], k)] == other


@given(one=IDS, other=IDS, weight=st.floats(0.01, 0.99), k=st.integers(1, 100))
def test_fusion_holds_what_either_holds_and_better_in_both_is_better(
    one: list[int], other: list[int], weight: float, k: int
) -> None:
    lists = [staged("a", [(each, 1.0) for each in one]), staged("b", [(each, 1.0) for each in other])]
    found = [each.id for each in fused("f", lists, [weight, 1 - weight], k)]
    assert sorted(found) == sorted({*one, *other})
    both = [each for each in one if each in other]
    for first in both:
        for second in both:
            if one.index(first) < one.index(second) and other.index(first) < other.index(second):
                assert found.index(first) < found.index(second)


def test_fusion_by_scores_worked_by_hand() -> None:
    near, sharing = staged("similarity", [(1, 0.8), (2, 0.4), (3, -0.2)]), staged("keyword", [(2, 10.0), (4, 5.0)])
    found = combined(near, sharing, {4: 0.2}, {1: 2.5}, 0.75)
    scores = {1: 0.75 + 0.25 * 0.25, 2: 0.75 * 0.5 + 0.25, 3: 0.0, 4: 0.75 * 0.25 + 0.25 * 0.5}
    assert [(each.id, each.score) for each in found] == [(each, pytest.approx(scores[each])) for each in (1, 2, 4, 3)]
    assert found[0].stages["similarity"] == {"rank": 1, "score": 0.8}
    assert found[0].stages["keyword"] == {"score": 2.5}
    assert found[2].stages == {
        "keyword": {"rank": 2, "score": 5.0},
        "similarity": {"score": 0.2},
        "fusion": {"rank": 3, "score": found[2].score},
    }


def test_fusion_by_scores_of_nothing_is_nothing() -> None:
    assert combined([], [], {}, {}, 0.5) == []
    [only] = combined([], staged("keyword", [(7, 3.0)]), {}, {}, 0.6)
    assert only.score == pytest.approx(0.4)
    [far] = combined(staged("similarity", [(7, -0.3)]), [], {}, {}, 0.6)
    assert far.score == 0


def unit(*rows: list[float]) -> np.ndarray:
    matrix = np.array(rows, float)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_mmr_worked_by_hand() -> None:
    """Two copies and one that is further away: the copy waits."""
    query = unit([1, 0])[0]
    matrix = unit([1, 0.1], [1, 0.1], [1, -1])
    near = matrix @ query
    chosen = select(near, matrix, 0.5)
    assert [place for place, _ in chosen] == [0, 2, 1]
    assert chosen[0][1] == pytest.approx(0.5 * near[0])
    assert chosen[1][1] == pytest.approx(0.5 * near[2] - 0.5 * float(matrix[0] @ matrix[2]))
    assert chosen[2][1] == pytest.approx(0.5 * near[1] - 0.5 * 1.0)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 12), mmr_lambda=st.floats(0, 1))
def test_mmr_chooses_every_row_once_and_each_for_the_best_value(seed: int, size: int, mmr_lambda: float) -> None:
    generator = np.random.default_rng(seed)
    matrix = unit(*generator.normal(size=(size, 6)).tolist())
    near = matrix @ unit(generator.normal(size=6).tolist())[0]
    chosen = select(near, matrix, mmr_lambda)
    order = [place for place, _ in chosen]
    assert sorted(order) == list(range(size))
    assert order[0] == int(np.argmax(near))
    for turn in range(1, size):
        left = [each for each in range(size) if each not in order[:turn]]
        values = {
            each: mmr_lambda * near[each] - (1 - mmr_lambda) * max(matrix[each] @ matrix[done] for done in order[:turn])
            for each in left
        }
        assert chosen[turn][1] == pytest.approx(max(values.values()), abs=1e-9)
        assert values[order[turn]] == pytest.approx(max(values.values()), abs=1e-9)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 12))
def test_mmr_that_looks_at_the_question_only_is_similarity(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    matrix = unit(*generator.normal(size=(size, 6)).tolist())
    near = matrix @ unit(generator.normal(size=6).tolist())[0]
    assert [place for place, _ in select(near, matrix, 1.0)] == np.argsort(-near, kind="stable").tolist()
