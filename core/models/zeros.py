"""Pruned weights stay pruned while a model is trained on: a weight that is exactly 0 gets no gradient.

AdamW then leaves it at 0: its moments stay 0 too, and weight decay only multiplies. Source: Han et al. 2015, “Learning
both Weights and Connections”: train, prune, retrain the weights that are left. Knows nothing of how a model was pruned
or is trained; weights that FSDP splits are beyond it.
"""

from __future__ import annotations

from typing import Any

LEAST = 1e-4
"""Share of exact zeros from which a matrix counts as pruned. In dense ones about one of a million rounds to zero in
fp16, and none in fp32 or bf16; rows that are zero throughout, such as unused embeddings, say nothing."""


def keep_zeros(model: Any) -> int:
    """Hold the zeros of every trained matrix that was pruned, from here on; how many numbers are held.

    To be called before an optimizer has moments of its own.
    """
    held = 0
    for parameter in model.parameters():
        if not parameter.requires_grad or parameter.dim() < 2:
            continue
        zero = parameter.detach() == 0
        living = zero.flatten(0, -2)[~zero.flatten(0, -2).all(dim=1)]
        if living.any() and int(living.sum()) >= LEAST * living.numel():
            parameter.register_hook(lambda gradient, zero=zero: gradient.masked_fill(zero, 0))
            held += int(zero.sum())
    return held
