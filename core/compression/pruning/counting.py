"""How many weights of a model are exactly zero.

Knows nothing of why they are.
"""

from __future__ import annotations

from typing import Any

from core.compression.layers import decoder_layers, linear_layers


def count_zeros(model: Any) -> tuple[int, int]:
    """Exact zeros, and all weights, of the linear layers in the decoder."""
    zeros = count = 0
    for layer in decoder_layers(model):
        for module in linear_layers(layer).values():
            zeros += int((module.weight == 0).sum())
            count += module.weight.numel()
    return zeros, count
