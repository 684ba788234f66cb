"""Whole parts of a model scored and taken out: heads, channels, layers.

Scores come from the weights alone, or from what passes through them too. Knows nothing of requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.compression.layers import Walk, decoder_layers
from core.compression.pruning import structured
from core.compression.pruning.shares import how_many

if TYPE_CHECKING:
    import torch

    from core.jobs import JobContext


def take_out(model: Any, structure: str, sparsity: float, ids: torch.Tensor | None, job: JobContext) -> dict[str, Any]:
    """Take `sparsity` of the heads, channels or layers out of the model, and say which layers stayed.

    Args:
        model: changed in place, its configuration too.
        structure: heads, channels or layers.
        sparsity: share of them that goes.
        ids: the calibration text, shape (pieces, tokens); `None` scores by weights alone.
        job: progress and cancelling.

    Raises:
        InvalidInput, Unsupported: as `shares.how_many`, or the model is not built like Llama.
    """
    structured.require_built_like_llama(model)
    config = model.config.get_text_config(decoder=True)
    kept, count = how_many(config.to_dict(), structure, sparsity)
    if structure == "layers":
        return _layers(model, kept, ids, job)
    groups = config.num_key_value_heads
    heads_a_group = config.num_attention_heads // groups

    def cut(layer: Any, squares: dict[str, torch.Tensor] | None) -> None:
        if structure == "heads":
            keep = _best(structured.head_scores(layer, squares, groups), kept)
            structured.cut_heads(layer, keep, groups)
        else:
            structured.cut_channels(layer, _best(structured.channel_scores(layer, squares), kept))

    _each_layer(model, ids, job, cut)
    if structure == "heads":
        config.head_dim = model_head_dim(model)
        config.num_key_value_heads, config.num_attention_heads = kept, kept * heads_a_group
        for layer in decoder_layers(model):
            for name in ("num_heads", "num_key_value_heads"):
                if hasattr(layer.self_attn, name):
                    setattr(layer.self_attn, name, getattr(config, name.replace("num_heads", "num_attention_heads")))
    else:
        config.intermediate_size = kept
        for layer in decoder_layers(model):
            if hasattr(layer.mlp, "intermediate_size"):
                layer.mlp.intermediate_size = kept
    return {"kept": kept, "of": count}


def model_head_dim(model: Any) -> int:
    """Width of a head, which stays when heads go."""
    attention = decoder_layers(model)[0].self_attn
    config = model.config.get_text_config(decoder=True)
    return int(getattr(attention, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _each_layer(model: Any, ids: torch.Tensor | None, job: JobContext, cut: Any) -> None:
    import torch

    if ids is None:
        layers = decoder_layers(model)
        with torch.no_grad():
            for index, layer in enumerate(layers):
                job.check()
                cut(layer, None)
                job.progress(index + 1, len(layers), "layers")
        return
    for step in Walk(model, ids, job):
        squares: dict[str, torch.Tensor] = {}
        names = {step.layer.self_attn.o_proj: "o_proj", step.layer.mlp.down_proj: "down_proj"}

        def look(
            module: Any,
            seen: torch.Tensor,
            squares: dict[str, torch.Tensor] = squares,
            names: dict[Any, str] = names,
        ) -> None:
            if name := names.get(module):
                added = seen.float().square().sum(dim=0)
                squares[name] = squares[name] + added if name in squares else added

        step.look(look)
        cut(step.layer, squares)


def _layers(model: Any, kept: int, ids: torch.Tensor | None, job: JobContext) -> dict[str, Any]:
    """Layers go that change the hidden states least; without a text, the ones that lie evenly between.

    Source: Men et al., 2024 (ShortGPT): 1 - the cosine of before and after.
    """
    import torch

    count = len(decoder_layers(model))
    if ids is None:
        keep = evenly(count, kept)
    else:
        scores = []
        for step in Walk(model, ids, job):
            similar = [
                torch.nn.functional.cosine_similarity(before.float(), after.float(), dim=-1).mean()
                for before, after in step.outputs()
            ]
            scores.append(1 - torch.stack(similar).mean())
        keep = [int(index) for index in _best(torch.stack(scores), kept)]
    structured.keep_layers(model, keep)
    return {"kept": kept, "of": count, "layers": keep}


def evenly(count: int, kept: int) -> list[int]:
    """`kept` of `count` indices, evenly spaced, first and last included where two or more are kept."""
    if kept == 1:
        return [0]
    return [round(index * (count - 1) / (kept - 1)) for index in range(kept)]


def _best(scores: torch.Tensor, kept: int) -> torch.Tensor:
    """Indices of the highest scores, ascending."""
    import torch

    return torch.sort(torch.argsort(scores, descending=True, stable=True)[:kept]).values
