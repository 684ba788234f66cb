"""Which weights of one linear layer go: by magnitude, Wanda or SparseGPT, freely or two of every four.

Pure functions of a weight and what its layer has seen. Knows nothing of models.

Sources: Wanda, Sun et al., 2024 (score |w|·‖x‖, compared within an output row); SparseGPT, Frantar & Alistarh, 2023
(algorithm 1, blocks of 128 columns).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import LoupeError

if TYPE_CHECKING:
    import torch

BLOCK = 128
"""Columns whose mask SparseGPT chooses together."""


def magnitude(weight: torch.Tensor, sparsity: float, *, two_of_four: bool = False) -> torch.Tensor:
    """True where a weight goes: the smallest of the whole layer.

    Args:
        weight: shape (out, in).
        sparsity: share that goes; exactly `int(sparsity · n)` weights do.
        two_of_four: the two smallest of every four in a row instead.
    """
    import torch

    score = weight.float().abs()
    if two_of_four:
        return _two_of_four(score)
    mask = torch.zeros(score.numel(), dtype=torch.bool, device=weight.device)
    mask[torch.argsort(score.flatten(), stable=True)[: int(score.numel() * sparsity)]] = True
    return mask.view_as(score)


def wanda(weight: torch.Tensor, squares: torch.Tensor, sparsity: float, *, two_of_four: bool = False) -> torch.Tensor:
    """True where a weight goes: within each row the smallest |w|·‖x‖.

    Args:
        weight: shape (out, in).
        squares: shape (in,), sum of squares of each input over the calibration text.
        sparsity: share of each row that goes.
        two_of_four: the two smallest of every four in a row instead.
    """
    import torch

    score = weight.float().abs() * squares.sqrt()
    if two_of_four:
        return _two_of_four(score)
    smallest = torch.argsort(score, dim=1, stable=True)[:, : int(score.shape[1] * sparsity)]
    return torch.zeros_like(score, dtype=torch.bool).scatter_(1, smallest, True)


def sparsegpt(
    weight: torch.Tensor, hessian: torch.Tensor, sparsity: float, *, two_of_four: bool = False, dampening: float = 0.01
) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights that stay, moved to make up for those that go, and the mask of those.

    Args:
        weight: shape (out, in).
        hessian: shape (in, in), sum of x·xᵀ over the calibration text.
        sparsity: share of each block of 128 columns that goes; columns that no input reaches are zero besides.
        dampening: share of the diagonal's mean that is added to it.
        two_of_four: the two smallest of every four in a row instead.

    Returns:
        The new weight, fp32, zero under the mask; and the mask, True where a weight goes.

    Raises:
        LoupeError: the Hessian cannot be inverted.
    """
    import torch

    new, hessian = weight.float().clone(), hessian.float().clone()
    dead = hessian.diagonal() == 0
    hessian[dead, dead] = 1
    new[:, dead] = 0
    inverse = _inverse_root(hessian, dampening)
    mask = torch.zeros_like(new, dtype=torch.bool)
    for start in range(0, new.shape[1], BLOCK):
        end = min(start + BLOCK, new.shape[1])
        part, root = new[:, start:end].clone(), inverse[start:end, start:end]
        errors = torch.zeros_like(part)
        goes = mask[:, start:end]
        if not two_of_four:
            score = part.square() / root.diagonal().square()
            flat = torch.argsort(score.flatten(), stable=True)[: int(score.numel() * sparsity)]
            chosen = torch.zeros(score.numel(), dtype=torch.bool, device=new.device)
            chosen[flat] = True
            goes.copy_(chosen.view_as(score))
        for column in range(end - start):
            if two_of_four and column % 4 == 0:
                four = slice(column, column + 4)
                goes[:, four] = _two_of_four(part[:, four].square() / root.diagonal()[four].square())
            kept = part[:, column].masked_fill(goes[:, column], 0)
            error = (part[:, column] - kept) / root[column, column]
            part[:, column:] -= error[:, None] * root[column, column:][None]
            part[:, column] = kept
            errors[:, column] = error
        new[:, start:end] = part
        new[:, end:] -= errors @ inverse[start:end, end:]
    return new.masked_fill(mask, 0), mask


def is_two_of_four(weight: torch.Tensor) -> bool:
    """Whether every four weights in a row hold at least two zeros."""
    return bool(((weight.reshape(-1, 4) == 0).sum(dim=1) >= 2).all())


def _two_of_four(score: torch.Tensor) -> torch.Tensor:
    """True at the two smallest of every four in a row."""
    import torch

    fours = score.reshape(-1, 4)
    smallest = torch.argsort(fours, dim=1, stable=True)[:, :2]
    mask = torch.zeros_like(fours, dtype=torch.bool).scatter_(1, smallest, True)
    return mask.view_as(score)


def _inverse_root(hessian: torch.Tensor, dampening: float) -> torch.Tensor:
    """Upper Cholesky factor of the inverse; more dampening where the matrix is singular all the same."""
    import torch

    mean = hessian.diagonal().mean()
    eye = torch.eye(hessian.shape[0], device=hessian.device)
    for _ in range(6):
        factor, failed = torch.linalg.cholesky_ex(hessian + dampening * mean * eye)
        if not int(failed):
            root: torch.Tensor
            root, failed = torch.linalg.cholesky_ex(torch.cholesky_inverse(factor), upper=True)
            if not int(failed):
                return root
        dampening *= 10
    raise LoupeError(
        f"SparseGPT cannot invert what a layer has seen, not even with a dampening of {dampening / 10:g}; calibrate on "
        f"another text, or choose wanda."
    )
