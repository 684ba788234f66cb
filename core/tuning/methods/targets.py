"""Which layers of a model a method attaches to, by what they are rather than by their names in one family.

Knows nothing of methods.
"""

from __future__ import annotations

import re
from typing import Any

from core.errors import Unsupported
from core.tuning.settings import Targets

ATTENTION = re.compile(
    r"(^|\.)(self_attn|attn|attention|SelfAttention|EncDecAttention|self_attention|encoder_attn)(\.|$)"
)
MLP = re.compile(r"(^|\.)(mlp|ffn|feed_forward|DenseReluDense|fc1|fc2|intermediate|output)(\.|$)")


def linear_layers(model: Any, targets: Targets) -> list[str]:
    """Names of the linear layers of the model's blocks that are meant; never the output layer or an embedding.

    Raises:
        Unsupported: the model has none such.
    """
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings()
    found = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not head and re.search(r"\.\d+\.", name)
    ]
    inside = [name for name in found if ATTENTION.search(name)]
    chosen = {
        "attention": inside,
        "mlp": [name for name in found if name not in set(inside) and MLP.search(name)],
        "all-linear": found,
    }[targets]
    if not chosen:
        raise Unsupported(f"This {type(model).__name__} has no linear layers that are {targets}; choose all-linear.")
    return chosen


def suffixes(names: list[str]) -> list[str]:
    """The last parts of the names, which PEFT compares with ends of names: the same in every layer, short in a file."""
    return sorted({re.sub(r".*\.\d+\.", "", name) for name in names})
