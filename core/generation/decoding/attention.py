"""Attention over slots: a batch of sequences of unequal lengths, without padding their prompts.

Registered with transformers as an attention implementation, so that any decoder that uses its attention interface runs
with it. A forward pass says where it stands through the keyword argument `loupe_step`; without it this is plain SDPA.
Knows nothing of sampling.

Two choices make the same seed give the same tokens whoever else is in the batch, wherever the matrix products are
row-invariant (measured: bf16 on CPU): lengths are padded to a multiple of `BLOCK`, and the heads that share keys are
folded into the query axis, which also spares the copy that repeats the keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

NAME = "loupe"
BLOCK = 64
"""Key lengths are rounded up to a multiple of this."""


class KeyValues(Protocol):
    """Where a step's keys and values go; returns all of the rows' keys and values up to the step's length."""

    def write(
        self, layer: int, step: Step, key: torch.Tensor, value: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Shapes in: [rows, heads, new, dim]; out: [rows, heads, step.kv_length, dim]."""


@dataclass
class Step:
    """One forward pass: which rows, from which position, over how many keys."""

    cache: KeyValues
    rows: slice
    """The rows that attend; tokens beyond them are idle (see `slots.Slots`): they only keep matrix products company."""
    positions: torch.Tensor
    """Position of every new token, int64, shape [rows + idle, new]."""
    kv_length: int
    _masks: dict[tuple[int | None, torch.dtype], torch.Tensor] = field(default_factory=dict)

    @property
    def windows(self) -> set[int | None]:
        """The sliding windows that layers asked for."""
        return {window for window, _ in self._masks}

    def mask(self, window: int | None, dtype: torch.dtype) -> torch.Tensor:
        """Additive mask, shape [rows, 1, new, kv_length]: causal, and no further back than a sliding window."""
        import torch

        if (window, dtype) not in self._masks:
            at = torch.arange(self.kv_length, device=self.positions.device)
            now = self.positions[: self.rows.stop - self.rows.start, None, :, None]
            hidden = at > now
            if window is not None:
                hidden |= at <= now - window
            zero = torch.zeros((), dtype=dtype, device=self.positions.device)
            self._masks[window, dtype] = torch.where(hidden, -torch.inf, zero)
        return self._masks[window, dtype]


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    loupe_step: Step | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Transformers' attention interface: query [rows, heads, new, dim] → output [rows, new, heads, dim]."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if loupe_step is None:
        output, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
        return output, None
    given, heads, new, dim = query.shape
    rows = loupe_step.rows.stop - loupe_step.rows.start
    query, key, value = query[:rows], key[:rows], value[:rows]
    keys, values = loupe_step.cache.write(module.layer_idx, loupe_step, key, value)
    kv_heads = keys.shape[1]
    mask = loupe_step.mask(sliding_window, query.dtype)
    if new == 1:
        folded = query.reshape(rows, kv_heads, heads // kv_heads, dim)
        mask = mask.expand(rows, 1, heads // kv_heads, loupe_step.kv_length)
        output = torch.nn.functional.scaled_dot_product_attention(folded, keys, values, attn_mask=mask, scale=scaling)
        output = output.reshape(rows, 1, heads, values.shape[-1])
        if given > rows:
            output = torch.cat([output, output.new_zeros(given - rows, *output.shape[1:])])
        return output, None
    repeats = heads // kv_heads
    if repeats > 1:
        keys, values = keys.repeat_interleave(repeats, 1), values.repeat_interleave(repeats, 1)
    output = torch.nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=scaling)
    return output.transpose(1, 2).contiguous(), None


def install(model: Any) -> None:
    """Make `model` attend through this file."""
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    ALL_ATTENTION_FUNCTIONS.register(NAME, attend)
    ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
