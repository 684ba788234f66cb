"""Keys and values in slots: a row a sequence, all rows in one tensor a layer, so that one forward pass serves them all.

Rows in use are always the first ones: when a sequence leaves, the last one moves into its place. Knows nothing of
sampling or text. Serves decoders whose layers all keep plain keys and values (full or sliding-window attention);
`fit.py` tries a model before trusting it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.generation.decoding import attention
from core.generation.decoding.prompts import CHUNK, Prefix, Prompts
from core.models.adapters.soft_prompts import Beginning

if TYPE_CHECKING:
    import torch


@dataclass(slots=True, eq=False)
class Row:
    """One sequence's place; `length` tokens of it hold keys and values."""

    index: int
    length: int = 0


class Slots:
    """Runs a model for sequences that join and leave between steps."""

    batches = True

    beginning: Beginning | None = None
    """What comes before every prompt: a soft prompt."""

    def __init__(self, model: Any, device: torch.device, prompts: Prompts) -> None:
        attention.install(model)
        self._model = model
        self._device = device
        self.prompts = prompts
        self.computed = 0
        self.itemsize = model.dtype.itemsize
        self._rows: list[Row] = []
        self._keys: list[torch.Tensor] = []
        self._values: list[torch.Tensor] = []
        self._capacity = (0, 0)  # rows, positions
        # A matrix product of very few rows takes another path than one of many and rounds differently; from three rows
        # on, bf16 on the CPU computes every row alike (docs/benchmarks.md), at nearly no cost, so fewer are filled up
        # with idle ones. In fp32 the difference is a millionth: leave it.
        self._fewest = 4 if device.type == "cpu" and self.itemsize < 4 else 1
        self.windows: set[int | None] = set()
        """Sliding windows that the model's layers asked for in the last pass; `None` stands for full attention."""

    # The sequences.

    def join(self) -> Row:
        """A place for one more sequence, after those that are there."""
        row = Row(len(self._rows))
        self._rows.append(row)
        return row

    def leave(self, row: Row) -> None:
        """Free a place. The last row takes it."""
        last = self._rows.pop()
        if last is not row:
            self._copy(last.index, row.index, last.length)
            last.index = row.index
            self._rows[row.index] = last
        if not self._rows and self.memory_bytes > 2 * self.prompts.limit_bytes:
            self._keys, self._values, self._capacity = [], [], (0, 0)

    def reorder(self, stepping: Sequence[Row]) -> None:
        """Move the rows that take part in steps to the front; the others wait behind them."""
        for place, row in enumerate(stepping):
            other = self._rows[place]
            if other is not row:
                self._swap(other, row)

    # Computing.

    def prefill(self, row: Row, ids: Sequence[int]) -> torch.Tensor | None:
        """Compute the next chunk of a prompt into `row`.

        Chunks begin at multiples of `CHUNK`, whatever is cached, so that a prompt's keys never depend on what was asked
        before it. Returns the logits after the last token, float32 [vocabulary], CPU, or `None` while chunks remain.
        """
        import torch

        ids = ids if self.beginning is None else (*self.beginning.ids, *ids)
        if row.length == 0 and (cached := self._known(ids)):
            self._reserve(len(self._rows), cached.length)
            for layer, (keys, values) in enumerate(cached.layers):
                self._layer(layer, keys, values)
                self._keys[layer][row.index, :, : cached.length] = keys
                self._values[layer][row.index, :, : cached.length] = values
            row.length = cached.length
            if cached.logits is not None and cached.length == len(ids):
                return cached.logits
        start = row.length
        end = min((start // CHUNK + 1) * CHUNK, len(ids))
        self._reserve(len(self._rows), end)
        tokens = torch.tensor([ids[start:end]], device=self._device)
        positions = torch.arange(start, end, device=self._device)[None]
        rows = slice(row.index, row.index + 1)
        logits = self._forward(tokens, attention.Step(self, rows, positions, end))[0]
        row.length = end
        self.computed += end - start
        if end < len(ids):
            return None
        layers = [
            (keys[row.index, :, :end].clone(), values[row.index, :, :end].clone())
            for keys, values in zip(self._keys, self._values, strict=True)
        ]
        self.prompts.put(ids, layers, logits)
        return logits

    def _known(self, ids: Sequence[int]) -> Prefix | None:
        """Keys and values of the beginning of `ids` that need not be computed: learned ones, or those of a prompt."""
        found = self.prompts.longest(ids)
        learned = self.beginning.layers if self.beginning is not None else ()
        if learned and self.beginning is not None and (found is None or found.length < len(self.beginning.ids)):
            return Prefix(learned, len(self.beginning.ids), None)
        return found

    def step(self, rows: Sequence[Row], ids: Sequence[int]) -> torch.Tensor:
        """Feed one token to each of `rows`. Returns logits, float32 [rows, vocabulary], on the CPU."""
        import torch

        self.reorder(rows)
        kv_length = -(-(max(row.length for row in rows) + 1) // attention.BLOCK) * attention.BLOCK
        self._reserve(len(self._rows), kv_length)
        idle = max(0, self._fewest - len(rows))
        tokens = torch.tensor([*ids, *[ids[0]] * idle], device=self._device)[:, None]
        positions = torch.tensor([row.length for row in rows] + [0] * idle, device=self._device)[:, None]
        step = attention.Step(self, slice(0, len(rows)), positions, kv_length)
        logits = self._forward(tokens, step)[: len(rows)]
        for row in rows:
            row.length += 1
        return logits

    def _forward(self, tokens: torch.Tensor, step: attention.Step) -> torch.Tensor:
        output = self._model(
            input_ids=tokens,
            # Four dimensions mean "prepared already": transformers then builds no mask, ours comes from the step.
            attention_mask=tokens.new_zeros((1, 1, 1, 1), dtype=self._model.dtype),
            position_ids=step.positions,
            use_cache=False,
            logits_to_keep=1,
            loupe_step=step,
        )
        self.windows = step.windows
        return output.logits[:, -1].float().cpu()  # type: ignore[no-any-return]

    # The tensors.

    def write(
        self, layer: int, step: attention.Step, key: torch.Tensor, value: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See `attention.KeyValues`."""
        import torch

        self._layer(layer, key[0], value[0])
        keys, values = self._keys[layer], self._values[layer]
        if key.shape[2] == 1:
            rows = torch.arange(step.rows.start, step.rows.stop, device=key.device)
            at = step.positions[: len(rows), 0]
            keys[rows, :, at], values[rows, :, at] = key[:, :, 0], value[:, :, 0]
        else:
            end = step.kv_length
            keys[step.rows, :, end - key.shape[2] : end] = key
            values[step.rows, :, end - key.shape[2] : end] = value
        return keys[step.rows, :, : step.kv_length], values[step.rows, :, : step.kv_length]

    @property
    def memory_bytes(self) -> int:
        """What the slots and the prompts kept hold."""
        return sum(tensor.nbytes for tensor in (*self._keys, *self._values)) + self.prompts.memory_bytes

    def _layer(self, layer: int, key: torch.Tensor, value: torch.Tensor) -> None:
        """Make the tensors of a layer; `key` and `value`, [heads, new, dim], tell their shape."""
        while len(self._keys) <= layer:
            rows, positions = self._capacity
            self._keys.append(key.new_zeros(rows, key.shape[0], positions, key.shape[2]))
            self._values.append(value.new_zeros(rows, value.shape[0], positions, value.shape[2]))

    def _reserve(self, rows: int, positions: int) -> None:
        """Grow to hold so many rows and positions; doubling, so that copies stay rare."""
        have_rows, have_positions = self._capacity
        if rows <= have_rows and positions <= have_positions:
            return
        if rows > have_rows:
            have_rows = max(rows, 2 * have_rows)
        if positions > have_positions:
            have_positions = max(-(-positions // attention.BLOCK) * attention.BLOCK, 2 * have_positions)

        def grown(old: torch.Tensor) -> torch.Tensor:
            new = old.new_zeros(have_rows, old.shape[1], have_positions, old.shape[3])
            new[: old.shape[0], :, : old.shape[2]] = old
            return new

        # All of them before any is replaced: if memory runs out half-way, everything stays as it was.
        keys, values = [grown(old) for old in self._keys], [grown(old) for old in self._values]
        self._keys, self._values, self._capacity = keys, values, (have_rows, have_positions)

    def _copy(self, source: int, target: int, length: int) -> None:
        for tensor in (*self._keys, *self._values):
            tensor[target, :, :length] = tensor[source, :, :length]

    def _swap(self, one: Row, other: Row) -> None:
        length = max(one.length, other.length)
        for tensor in (*self._keys, *self._values):
            kept = tensor[one.index, :, :length].clone()
            tensor[one.index, :, :length] = tensor[other.index, :, :length]
            tensor[other.index, :, :length] = kept
        self._rows[one.index], self._rows[other.index] = other, one
        one.index, other.index = other.index, one.index
