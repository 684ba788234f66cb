"""Prompts computed already: their keys, values and last logits, so that the same prompt is computed once.

Eight samples of one prompt, a regenerated answer, the lens and the answer after it share one prefill; a longer chat
takes over the whole chunks it has in common with an earlier one. Exact: a chunk's keys depend on nothing after it, and
chunks always begin at multiples of `CHUNK`. Knows nothing of models.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

CHUNK = 256
"""Tokens of a prompt computed at once; other sequences take a step in between."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Keys and values of a prompt's first `length` tokens, each [heads, length, dim] a layer."""

    layers: Sequence[tuple[torch.Tensor, torch.Tensor]]
    length: int
    logits: torch.Tensor | None
    """After the last token, or `None` when this is only the beginning of what was computed."""

    @property
    def nbytes(self) -> int:
        """Memory of the tensors."""
        keys_values = sum(tensor.nbytes for layer in self.layers for tensor in layer)
        return keys_values + (0 if self.logits is None else self.logits.nbytes)


class Prompts:
    """The most recently used prompts, within `limit_bytes`; the newest stays even if it is larger."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.memory_bytes = 0
        """What is kept; a number of its own, because other threads read it."""
        self._kept: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()

    def put(
        self, ids: Sequence[int], layers: Sequence[tuple[torch.Tensor, torch.Tensor]], logits: torch.Tensor
    ) -> None:
        """Keep a computed prompt."""
        if old := self._kept.pop(tuple(ids), None):
            self.memory_bytes -= old.nbytes
        new = self._kept[tuple(ids)] = Prefix(layers, len(ids), logits)
        self.memory_bytes += new.nbytes
        while len(self._kept) > 1 and self.memory_bytes > self.limit_bytes:
            self.memory_bytes -= self._kept.popitem(last=False)[1].nbytes

    def longest(self, ids: Sequence[int]) -> Prefix | None:
        """The whole prompt if it is here, else the longest beginning in whole chunks."""
        wanted = tuple(ids)
        if wanted in self._kept:
            self._kept.move_to_end(wanted)
            return self._kept[wanted]
        best, best_chunks = None, 0
        for kept in self._kept:
            # At least one token must be computed anew: the logits come from it.
            most = min(len(kept), len(wanted) - 1) // CHUNK
            chunks = next((n for n in range(most, best_chunks, -1) if kept[: n * CHUNK] == wanted[: n * CHUNK]), 0)
            if chunks:
                best, best_chunks = kept, chunks
        if best is None:
            return None
        self._kept.move_to_end(best)
        length = best_chunks * CHUNK
        layers = [(keys[:, :length], values[:, :length]) for keys, values in self._kept[best].layers]
        return Prefix(layers, length, None)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self.memory_bytes = 0
