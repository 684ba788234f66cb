"""Soft prompts: learned vectors before every prompt (prompt tuning, P-tuning), or keys and values (prefix tuning).

The decode loop puts `Beginning.ids` before each prompt. They are ids that the vocabulary does not have: for prompt and
P-tuning the model's embedding is extended by their vectors, for prefix tuning the loop takes their keys and values from
here and never embeds them. Sources: Lester et al. 2021, Liu et al. 2021, Li & Liang 2021. Knows nothing of decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from core.errors import Unsupported
from core.models.adapters.library import Adapter

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Beginning:
    """What every sequence of a model begins with, before its prompt."""

    ids: tuple[int, ...]
    """Ids beyond the vocabulary, one a virtual token."""
    layers: Sequence[tuple[torch.Tensor, torch.Tensor]] = ()
    """Prefix tuning: keys and values a layer, each [heads, virtual tokens, dim]; empty for vectors."""

    @property
    def nbytes(self) -> int:
        """Memory of the keys and values."""
        return sum(tensor.nbytes for layer in self.layers for tensor in layer)


def put_on(model: Any, adapter: Adapter) -> Beginning:
    """Extend `model` for the soft prompt of `adapter`, whose shapes fit.

    Raises:
        Unsupported: PEFT makes keys and values for this architecture that the decode loop does not take.
    """
    import torch
    from peft import PeftConfig, PeftModel

    config = PeftConfig.from_pretrained(str(adapter.folder))
    config.inference_mode = True
    wrapped = PeftModel.from_pretrained(model, str(adapter.folder), config=config, torch_device=str(model.device))
    with torch.no_grad():
        made = wrapped.get_prompt(1)
    embedding = model.get_input_embeddings()
    ids = tuple(range(embedding.num_embeddings, embedding.num_embeddings + config.num_virtual_tokens))
    if adapter.peft_type != "PREFIX_TUNING":
        model.set_input_embeddings(_extended()(embedding, made[0].to(embedding.weight.dtype)))
        return Beginning(ids)
    layers = [(layer.keys[0], layer.values[0]) for layer in getattr(made, "layers", ()) if layer.keys is not None]
    if len(layers) != model.config.get_text_config(decoder=True).num_hidden_layers:
        raise Unsupported(f"Prefix tuning does not run on {type(model).__name__} here; use LoRA or prompt tuning.")
    return Beginning(ids, layers)


@cache
def _extended() -> Any:
    """A class of embeddings that also know the ids after their last.

    Made once and without a closure: whatever remembers classes (torch does) must not remember a model's weights.
    """
    import torch

    class Extended(torch.nn.Module):
        """The vocabulary's own vectors are the base's, shared and not copied."""

        def __init__(self, base: Any, vectors: torch.Tensor) -> None:
            super().__init__()
            self.base = base
            self.num_embeddings, self.embedding_dim = base.num_embeddings, base.embedding_dim
            self.vectors: torch.Tensor
            self.register_buffer("vectors", vectors.detach().to(base.weight.device), persistent=False)

        @property
        def weight(self) -> torch.Tensor:
            """Of the vocabulary."""
            weight: torch.Tensor = self.base.weight
            return weight

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            beyond = ids >= self.num_embeddings
            out: torch.Tensor = self.base(ids.masked_fill(beyond, 0))
            # a choice without looking at the values: looking would make a GPU wait for every token
            own = self.vectors[(ids - self.num_embeddings).clamp(min=0)]
            return torch.where(beyond.unsqueeze(-1), own, out)

    return Extended
