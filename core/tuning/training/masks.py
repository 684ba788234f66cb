"""Pruned weights stay pruned: a weight that is exactly 0 gets no gradient, and so AdamW leaves it at 0.

Weight decay multiplies, which changes no zero. Source: Han et al. 2015, “Learning both Weights and Connections”: train,
prune, retrain the weights that are left. Knows nothing of how a model was pruned.
"""

from __future__ import annotations

from typing import Any

LEAST = 0.05
"""Share of zeros below which a matrix does not count as pruned."""


def keep_zeros(model: Any) -> int:
    """Hold the zeros of every trained matrix that was pruned; how many numbers are held."""
    held = 0
    for parameter in model.parameters():
        if not parameter.requires_grad or parameter.dim() < 2:
            continue
        there = parameter.detach() != 0
        zeros = int((~there).sum())
        if zeros >= LEAST * parameter.numel():
            parameter.register_hook(lambda gradient, there=there: gradient * there)
            held += zeros
    return held
