"""Single weights of a whole model set to zero, layer by layer, with what each layer sees where the criterion asks.

Knows nothing of requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.compression.layers import Walk, decoder_layers, linear_layers
from core.compression.pruning import masks

if TYPE_CHECKING:
    import torch

    from core.jobs import JobContext


def by_magnitude(model: Any, sparsity: float, two_of_four: bool, job: JobContext) -> None:
    """The smallest weights of every linear layer in the decoder go."""
    import torch

    layers = decoder_layers(model)
    with torch.no_grad():
        for index, layer in enumerate(layers):
            job.check()
            for module in linear_layers(layer).values():
                module.weight.masked_fill_(masks.magnitude(module.weight, sparsity, two_of_four=two_of_four), 0)
            job.progress(index + 1, len(layers), "layers")


def by_wanda(model: Any, ids: torch.Tensor, sparsity: float, two_of_four: bool, job: JobContext) -> None:
    """Weights go that are small times what reaches them."""
    for step in Walk(model, ids, job):
        squares: dict[Any, torch.Tensor] = {}

        def look(module: Any, seen: torch.Tensor, squares: dict[Any, torch.Tensor] = squares) -> None:
            added = seen.float().square().sum(dim=0)
            squares[module] = squares[module] + added if module in squares else added

        step.look(look)
        for module in linear_layers(step.layer).values():
            mask = masks.wanda(module.weight, squares[module], sparsity, two_of_four=two_of_four)
            module.weight.masked_fill_(mask, 0)


def by_sparsegpt(
    model: Any, ids: torch.Tensor, sparsity: float, two_of_four: bool, dampening: float, job: JobContext
) -> None:
    """Weights go whose loss the others can best make up for; those others are moved."""
    import torch

    for step in Walk(model, ids, job):
        hessians: dict[Any, torch.Tensor] = {}

        def look(module: Any, seen: torch.Tensor, hessians: dict[Any, torch.Tensor] = hessians) -> None:
            seen = seen.float()
            if module not in hessians:
                hessians[module] = torch.zeros(seen.shape[1], seen.shape[1], device=seen.device)
            hessians[module].addmm_(seen.T, seen)

        step.look(look)
        for module in linear_layers(step.layer).values():
            job.check()
            new, mask = masks.sparsegpt(
                module.weight, hessians.pop(module), sparsity, two_of_four=two_of_four, dampening=dampening
            )
            module.weight.copy_(new)
            module.weight.masked_fill_(mask, 0)  # a number that rounds to zero in half precision is no reason to drift
