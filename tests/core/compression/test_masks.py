"""Masks of one layer: counted, checked group by group, and compared by the error of the layer's output."""

from __future__ import annotations

import pytest
import torch

from core.compression.pruning import masks
from core.errors import LoupeError

torch.manual_seed(0)
WEIGHT = torch.randn(48, 192)
SIZES = 10 ** torch.linspace(-1, 1, 192)[torch.randperm(192)]
INPUTS = (torch.randn(600, 64) @ torch.randn(64, 192) / 8 + 0.3 * torch.randn(600, 192)) * SIZES
"""Inputs of unlike size that depend on each other, as they do in a language model."""
HESSIAN = INPUTS.T @ INPUTS


def error(weight: torch.Tensor) -> float:
    """Squared error of the layer's output on the calibration inputs."""
    return float(((WEIGHT - weight) @ INPUTS.T).square().sum())


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.77])
def test_exactly_the_asked_share_goes(sparsity: float) -> None:
    assert int(masks.magnitude(WEIGHT, sparsity).sum()) == int(48 * 192 * sparsity)
    rows = masks.wanda(WEIGHT, INPUTS.square().sum(dim=0), sparsity).sum(dim=1)
    assert rows.tolist() == [int(192 * sparsity)] * 48
    new, mask = masks.sparsegpt(WEIGHT, HESSIAN, sparsity)
    assert int(mask.sum()) == int(48 * 128 * sparsity) + int(48 * 64 * sparsity)  # block by block
    assert torch.equal(new == 0, mask)


def test_magnitude_takes_the_smallest_even_where_many_are_equal() -> None:
    mask = masks.magnitude(WEIGHT, 0.5)
    assert WEIGHT[mask].abs().max() <= WEIGHT[~mask].abs().min()
    assert int(masks.magnitude(torch.ones(4, 4), 0.5).sum()) == 8


@pytest.mark.parametrize("criterion", ["magnitude", "wanda", "sparsegpt"])
def test_two_of_every_four_go(criterion: str) -> None:
    if criterion == "magnitude":
        new = WEIGHT.masked_fill(masks.magnitude(WEIGHT, 0.5, two_of_four=True), 0)
    elif criterion == "wanda":
        new = WEIGHT.masked_fill(masks.wanda(WEIGHT, INPUTS.square().sum(dim=0), 0.5, two_of_four=True), 0)
    else:
        new, _ = masks.sparsegpt(WEIGHT, HESSIAN, 0.5, two_of_four=True)
    for row in new.tolist():
        for start in range(0, 192, 4):
            assert sum(value == 0 for value in row[start : start + 4]) == 2
    assert masks.is_two_of_four(new)
    assert not masks.is_two_of_four(WEIGHT)


@pytest.mark.parametrize("two_of_four", [False, True])
def test_knowing_the_inputs_helps_and_making_up_for_it_helps_more(two_of_four: bool) -> None:
    by_size = error(WEIGHT.masked_fill(masks.magnitude(WEIGHT, 0.5, two_of_four=two_of_four), 0))
    squares = INPUTS.square().sum(dim=0)
    by_input = error(WEIGHT.masked_fill(masks.wanda(WEIGHT, squares, 0.5, two_of_four=two_of_four), 0))
    made_up = error(masks.sparsegpt(WEIGHT, HESSIAN, 0.5, two_of_four=two_of_four)[0])
    assert made_up < 0.8 * by_input
    assert by_input < 0.8 * by_size


def test_wanda_by_hand() -> None:
    """|w|·‖x‖: 3·1, 1·4 and 2·1, so the third goes though the second is smallest."""
    mask = masks.wanda(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([1.0, 16.0, 1.0]), 1 / 3)
    assert mask.tolist() == [[False, False, True]]


def test_independent_inputs_of_equal_size_leave_nothing_to_make_up_for() -> None:
    """With an identity Hessian SparseGPT is magnitude pruning, block by block."""
    new, mask = masks.sparsegpt(WEIGHT[:, :128], torch.eye(128), 0.5)
    assert torch.equal(mask, masks.magnitude(WEIGHT[:, :128], 0.5))
    assert torch.allclose(new[~mask], WEIGHT[:, :128][~mask], atol=1e-5)


@pytest.mark.parametrize("hessian", [-torch.eye(192), torch.full((192, 192), float("nan"))])
def test_inputs_that_cannot_be_made_up_for_are_a_sentence(hessian: torch.Tensor) -> None:
    """Rather than magnitude pruning under another name."""
    with pytest.raises(LoupeError, match="cannot invert what a layer has seen, not even with a dampening of 1000; "):
        masks.sparsegpt(WEIGHT, hessian, 0.5)


def test_inputs_that_never_come_do_no_harm() -> None:
    hessian = HESSIAN.clone()
    hessian[5], hessian[:, 5] = 0, 0
    new, _ = masks.sparsegpt(WEIGHT, hessian, 0.5)
    assert torch.isfinite(new).all() and int(new[:, 5].count_nonzero()) == 0  # as the authors' program does it
    assert torch.isfinite(masks.sparsegpt(WEIGHT, torch.zeros(192, 192), 0.5)[0]).all()
