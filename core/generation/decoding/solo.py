"""One sequence at a time with the model's own cache: for decoders that slots do not fit.

State-space and hybrid layers, attention sinks, rotary scaling that depends on the longest sequence: such models run as
transformers runs them, each sequence in a pass of its own. Same methods as `slots.Slots`. Knows nothing of sampling.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.models.adapters.soft_prompts import Beginning

if TYPE_CHECKING:
    import torch

CACHES = ("past_key_values", "cache_params", "state")
"""What models call what they remember: attention, Mamba, RWKV."""


@dataclass(slots=True, eq=False)
class Row:
    """One sequence: whatever the model returned as its cache."""

    cache: dict[str, Any] = field(default_factory=dict)
    length: int = 0


class Solo:
    """Runs a model for one sequence after the other."""

    batches = False
    memory_bytes = 0
    """Not known: the caches are the model's own, and go with their sequences."""

    def __init__(self, model: Any, device: torch.device, beginning: Beginning | None = None) -> None:
        self._model = model
        self._beginning = beginning
        self._device = device
        self.computed = 0
        self._last: tuple[tuple[int, ...], dict[str, Any], torch.Tensor] | None = None

    def join(self) -> Row:
        """A place for one more sequence."""
        return Row()

    def leave(self, row: Row) -> None:
        """Drop a sequence's cache."""
        row.cache = {}

    def prefill(self, row: Row, ids: Sequence[int]) -> torch.Tensor | None:
        """The whole prompt at once; samples of one prompt that follow each other share it."""
        if self._last is None or self._last[0] != tuple(ids):
            cache, logits = self._begin(ids)
            self._last = (tuple(ids), cache, logits)
            self.computed += len(ids)
        _, cache, logits = self._last
        row.cache, row.length = copy.deepcopy(cache), len(ids)
        return logits

    def step(self, rows: Sequence[Row], ids: Sequence[int]) -> torch.Tensor:
        """Feed one token to each of `rows`. Returns logits, float32 [rows, vocabulary], CPU."""
        import torch

        logits = []
        for row, token_id in zip(rows, ids, strict=True):
            row.cache, last = self._forward(row.cache, [token_id])
            row.length += 1
            logits.append(last)
        return torch.stack(logits)

    def _begin(self, ids: Sequence[int]) -> tuple[dict[str, Any], torch.Tensor]:
        """A prompt, after the soft prompt if there is one."""
        from transformers import DynamicCache

        if self._beginning is None:
            return self._forward({}, ids)
        if not self._beginning.layers:
            return self._forward({}, (*self._beginning.ids, *ids))
        learned = DynamicCache(config=self._model.config.get_text_config(decoder=True))
        for layer, (keys, values) in enumerate(self._beginning.layers):
            learned.update(keys[None], values[None], layer)
        return self._forward({"past_key_values": learned}, ids)

    def _forward(self, cache: dict[str, Any], ids: Sequence[int]) -> tuple[dict[str, Any], torch.Tensor]:
        import torch

        tokens = torch.tensor([list(ids)], device=self._device)
        output = self._model(input_ids=tokens, use_cache=True, **cache)
        cache = {name: output[name] for name in CACHES if output.get(name) is not None}
        return cache, output.logits[0, -1].float().cpu()
