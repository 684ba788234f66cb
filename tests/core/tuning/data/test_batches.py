"""Batches: every row once, never too long, the same for the same seed."""

from __future__ import annotations

from itertools import chain
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.tuning.data import plan_batches, sequences
from core.tuning.data.batches import How

LENGTHS = st.lists(st.integers(1, 64), max_size=120)


@given(LENGTHS, st.integers(1, 9), st.sampled_from(get_args(How)), st.integers(0, 3), st.integers(0, 3))
def test_every_row_is_trained_once_an_epoch(lengths: list[int], size: int, how: How, seed: int, epoch: int) -> None:
    plan = plan_batches(lengths, size=size, how=how, max_length=64, seed=seed, epoch=epoch)
    assert sorted(chain(*plan)) == list(range(len(lengths)))
    assert all(plan)
    assert plan == plan_batches(lengths, size=size, how=how, max_length=64, seed=seed, epoch=epoch)
    if how != "pack":
        assert all(len(step) <= size for step in plan)


@given(LENGTHS, st.integers(1, 9))
def test_packed_sequences_never_exceed_their_length(lengths: list[int], size: int) -> None:
    plan = plan_batches(lengths, size=size, how="pack", max_length=64, seed=0, epoch=0)
    cut = [sequences(step, lengths, 64) for step in plan]
    assert all(len(step) <= size for step in cut)
    assert all(sum(lengths[row] for row in each) <= 64 for step in cut for each in step)
    assert [list(chain(*step)) for step in cut] == plan
    fewest = -(-sum(lengths) // 64)
    assert sum(map(len, cut)) <= 11 / 9 * max(fewest, sum(length > 32 for length in lengths)) + 4


def test_packing_leaves_little_room() -> None:
    lengths = [1 + (place * 7919) % 256 for place in range(2000)]
    plan = plan_batches(lengths, size=1, how="pack", max_length=256, seed=0, epoch=0)
    assert sum(lengths) / (len(plan) * 256) > 0.99


def test_grouping_pads_less() -> None:
    lengths = [1 + (place * 7919) % 256 for place in range(2000)]

    def padded(how: How) -> int:
        plan = plan_batches(lengths, size=8, how=how, max_length=256, seed=0, epoch=0)
        return sum(max(lengths[row] for row in step) * len(step) for step in plan)

    assert padded("group") < 1.05 * sum(lengths) < padded("pad")


@pytest.mark.parametrize("how", get_args(How))
def test_every_epoch_and_seed_has_an_order_of_its_own(how: How) -> None:
    lengths = [1 + place % 30 for place in range(200)]
    plans = [
        plan_batches(lengths, size=4, how=how, max_length=64, seed=seed, epoch=epoch)
        for seed, epoch in [(0, 0), (0, 1), (1, 0)]
    ]
    assert plans[0] != plans[1] != plans[2] != plans[0]


def test_wrong_numbers_are_one_sentence() -> None:
    with pytest.raises(InvalidInput, match="batch size is 0"):
        plan_batches([1], size=0, how="pad", max_length=9, seed=0, epoch=0)
    with pytest.raises(InvalidInput, match="A row has 10 tokens, more than max_length, 9"):
        plan_batches([1, 10], size=1, how="pack", max_length=9, seed=0, epoch=0)
    with pytest.raises(InvalidInput, match="'stack' is no way to batch rows; choose pad, group, pack"):
        plan_batches([1], size=1, how="stack", max_length=9, seed=0, epoch=0)  # type: ignore[arg-type]
