"""Rows that are held out: a share of every label, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.tuning.data import Example, Rows, split


def rows_of(labels: list[str | None]) -> Rows:
    examples = tuple(Example(number, text="t", label=label) for number, label in enumerate(labels, 1))
    return Rows("text-label", examples, tuple(sorted({label for label in labels if label})))


@given(st.integers(2, 300), st.floats(0.001, 0.999), st.integers(0, 9))
def test_both_parts_together_are_the_file(count: int, share: float, seed: int) -> None:
    rows = rows_of([None] * count)
    train, held = split(rows, share, seed)
    assert sorted([*train.examples, *held.examples], key=lambda each: each.number) == list(rows.examples)
    assert len(held.examples) == min(max(1, round(count * share)), count - 1)
    assert (train, held) == split(rows, share, seed)


@given(st.lists(st.sampled_from("abcde"), min_size=6, max_size=200), st.floats(0.05, 0.5), st.integers(0, 9))
def test_every_label_gives_its_share_and_keeps_a_row(labels: list[str], share: float, seed: int) -> None:
    rows = rows_of(list(labels))
    train, held = split(rows, share, seed)
    assert train.labels == held.labels == rows.labels
    total, out = Counter(labels), Counter(each.label for each in held.examples)
    assert held.examples
    for label, count in total.items():
        assert out[label] < count
        assert abs(out[label] - count * share) <= 1


def test_another_seed_draws_others() -> None:
    rows = rows_of([None] * 100)
    assert split(rows, 0.1, 0)[1] != split(rows, 0.1, 1)[1]


@pytest.mark.parametrize("share", [0, 1, -0.5, float("nan"), float("inf")])
def test_a_wrong_share_is_one_sentence(share: float) -> None:
    with pytest.raises(InvalidInput, match="must be between 0 and 1"):
        split(rows_of([None] * 4), share, 0)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_are_one_sentence(count: int) -> None:
    with pytest.raises(InvalidInput, match="needs at least two"):
        split(rows_of([None] * count), 0.1, 0)


def test_labels_that_are_all_different_cannot_be_held_out() -> None:
    with pytest.raises(InvalidInput, match="each of the 3 labels has a single row"):
        split(rows_of(["a", "b", "c"]), 0.5, 0)
