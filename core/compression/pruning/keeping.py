"""Masks that stay in force while a pruned model is trained on: what was zero stays zero.

The mask is read from the weights themselves: a linear layer of the decoder with a twentieth of exact zeros or more was
pruned. Knows nothing of how it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.compression.layers import decoder_layers, linear_layers

if TYPE_CHECKING:
    import torch

LEAST = 0.05
"""Share of exact zeros from which a layer counts as pruned; dense weights have next to none."""


def masks_of(model: Any) -> dict[torch.Tensor, torch.Tensor]:
    """For every pruned linear weight, True where it is zero; empty for a dense model."""
    found: dict[torch.Tensor, torch.Tensor] = {}
    for layer in decoder_layers(model):
        for module in linear_layers(layer).values():
            zero = module.weight == 0
            if float(zero.float().mean()) >= LEAST:
                found[module.weight] = zero
    return found


@contextmanager
def held(model: Any, optimizer: torch.optim.Optimizer) -> Iterator[int]:
    """Keep pruned weights zero while `optimizer` updates the model; yields how many are held.

    Gradients under the mask are dropped, and after each update the mask is laid on once more, since momentum and weight
    decay move weights that have no gradient.
    """
    import torch

    masks = masks_of(model)
    handles: list[Any] = []
    for weight, mask in masks.items():
        if weight.requires_grad:
            hook: Any = weight.register_hook
            handles.append(hook(lambda gradient, mask=mask: gradient.masked_fill(mask, 0)))

    def lay_on(*_: Any) -> None:
        with torch.no_grad():
            for weight, mask in masks.items():
                weight.masked_fill_(mask, 0)

    handles.append(optimizer.register_step_post_hook(lay_on))
    try:
        yield sum(int(mask.sum()) for mask in masks.values())
    finally:
        for handle in handles:
            handle.remove()


def count_zeros(model: Any) -> tuple[int, int]:
    """Exact zeros, and all weights, of the linear layers in the decoder."""
    zeros = count = 0
    for layer in decoder_layers(model):
        for module in linear_layers(layer).values():
            zeros += int((module.weight == 0).sum())
            count += module.weight.numel()
    return zeros, count
