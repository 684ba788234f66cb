"""Whole parts taken out: attention heads in their key-value groups, channels of the feed-forward block, layers.

Weights are cut and the configuration follows, so that the result is an ordinary smaller model. For models built like
Llama: q, k, v, o and gate, up, down projections. Knows nothing of how scores come about.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from core.compression.layers import decoder_layers
from core.errors import Unsupported

if TYPE_CHECKING:
    import torch
    from torch import nn

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")


def require_built_like_llama(model: Any) -> None:
    """Check that every layer has the projections that are cut.

    Raises:
        Unsupported: one has not.
    """
    from torch import nn

    for layer in decoder_layers(model):
        for block, names in (("self_attn", ATTENTION), ("mlp", FEED_FORWARD)):
            for name in names:
                if not isinstance(getattr(getattr(layer, block, None), name, None), nn.Linear):
                    raise Unsupported(
                        f"A {type(layer).__name__} has no {block}.{name}; heads and channels are taken out of models "
                        f"built like Llama (Llama, Mistral, Qwen2, Qwen3, SmolLM) only."
                    )


def head_scores(layer: Any, squares: dict[str, torch.Tensor] | None, groups: int) -> torch.Tensor:
    """How much each key-value group matters, shape (groups,).

    The norms of its columns in the output projection, with `squares` times the norms of what reaches them.
    """
    scores = _column_scores(layer.self_attn.o_proj.weight, None if squares is None else squares["o_proj"])
    return scores.view(groups, -1).sum(dim=1)


def channel_scores(layer: Any, squares: dict[str, torch.Tensor] | None) -> torch.Tensor:
    """How much each channel of the feed-forward block matters, shape (channels,).

    Norm of its column in the down projection, times the norm of its input with `squares`, else times the norms of its
    rows in gate and up.
    """
    if squares is not None:
        return _column_scores(layer.mlp.down_proj.weight, squares["down_proj"])
    rows = _row_norms(layer.mlp.gate_proj.weight) * _row_norms(layer.mlp.up_proj.weight)
    return _column_scores(layer.mlp.down_proj.weight, None) * rows


def cut_heads(layer: Any, keep: torch.Tensor, groups: int) -> None:
    """Keep these key-value groups of a layer, with all the query heads that share them.

    Args:
        layer: changed in place.
        keep: indices of groups, ascending.
        groups: how many there are.
    """
    attention = layer.self_attn
    for name in ("q_proj", "k_proj", "v_proj"):
        projection = getattr(attention, name)
        _cut_rows(projection, _expand(keep, projection.weight.shape[0] // groups))
    _cut_columns(attention.o_proj, _expand(keep, attention.o_proj.weight.shape[1] // groups))


def cut_channels(layer: Any, keep: torch.Tensor) -> None:
    """Keep these channels of a layer's feed-forward block; `keep` ascending."""
    _cut_rows(layer.mlp.gate_proj, keep)
    _cut_rows(layer.mlp.up_proj, keep)
    _cut_columns(layer.mlp.down_proj, keep)


def keep_layers(model: Any, keep: list[int]) -> None:
    """Keep these decoder layers, ascending; the configuration follows."""
    from torch import nn

    place, layers = _place_of_layers(model)
    model.set_submodule(place, nn.ModuleList([layers[index] for index in keep]))
    _renumber(model, place, keep)


def copy_of_layers(model: Any, keep: list[int]) -> Any:
    """A copy of the model with these decoder layers only, ascending; the others are not copied at any time."""
    from torch import nn

    place, layers = _place_of_layers(model)
    try:
        model.set_submodule(place, nn.ModuleList([layers[index] for index in keep]))
        copied = copy.deepcopy(model)
    finally:
        model.set_submodule(place, layers)
    _renumber(copied, place, keep)
    return copied


def _place_of_layers(model: Any) -> tuple[str, Any]:
    layers = decoder_layers(model)
    return next(name for name, module in model.named_modules() if module is layers), layers


def _renumber(model: Any, place: str, keep: list[int]) -> None:
    """Let configuration and layers know which of them are left."""
    for index, layer in enumerate(model.get_submodule(place)):  # its number is its place in the key-value cache
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                module.layer_idx = index
    config = model.config.get_text_config(decoder=True)
    config.num_hidden_layers = len(keep)
    kinds = getattr(config, "layer_types", None)
    if kinds:
        config.layer_types = [kinds[index] for index in keep]


def _row_norms(weight: torch.Tensor) -> torch.Tensor:
    import torch

    norms: torch.Tensor = torch.linalg.vector_norm(weight.float(), dim=1)
    return norms


def _column_scores(weight: torch.Tensor, squares: torch.Tensor | None) -> torch.Tensor:
    import torch

    norms = torch.linalg.vector_norm(weight.float(), dim=0)
    scores: torch.Tensor = norms if squares is None else norms * squares.sqrt()
    return scores


def _expand(keep: torch.Tensor, width: int) -> torch.Tensor:
    """Indices of groups to indices of rows, `width` rows a group."""
    import torch

    return (keep[:, None] * width + torch.arange(width, device=keep.device)).flatten()


def _cut_rows(linear: nn.Linear, keep: torch.Tensor) -> None:
    from torch import nn

    linear.weight = nn.Parameter(linear.weight[keep].clone(), requires_grad=False)
    if linear.bias is not None:
        linear.bias = nn.Parameter(linear.bias[keep].clone(), requires_grad=False)
    linear.out_features = len(keep)


def _cut_columns(linear: nn.Linear, keep: torch.Tensor) -> None:
    from torch import nn

    linear.weight = nn.Parameter(linear.weight[:, keep].clone(), requires_grad=False)
    linear.in_features = len(keep)
