"""One measured model: the row of the table that decides. Knows nothing of how the figures come about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

COMPARED = (
    "perplexity",
    "bits_per_byte",
    "size_bytes",
    "memory_bytes",
    "tokens_per_s",
    "prefill_tokens_per_s",
    "load_s",
)


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one model on one text.

    Attributes:
        ref: as it was named.
        perplexity: of the text, with the window and stride that the result names.
        bits_per_byte: the same surprise by bytes of text, comparable between vocabularies.
        perplexity_tokens: tokens that were counted.
        size_bytes: on disk; with ?quantize= that of the folder it is made from at every load.
        memory_bytes: tensors of the loaded model once it has computed something: some formats unpack then.
        bits_per_weight: stored bits (with ?quantize= those in memory) by the numbers the model has.
        parameters: numbers the model has, tied ones once.
        tokens_per_s: written, one sequence, greedily; `None` where it was not asked for.
        prefill_tokens_per_s: read.
        load_s: to load from a warm disk cache, libraries imported before.
        dtype: of the computation.
        engine: transformers or llama.cpp, for speed and load time.
        notes: what is worth knowing about a figure.
    """

    ref: str
    perplexity: float
    bits_per_byte: float
    perplexity_tokens: int
    size_bytes: int
    memory_bytes: int
    bits_per_weight: float
    parameters: int
    tokens_per_s: float | None
    prefill_tokens_per_s: float | None
    load_s: float
    dtype: str
    engine: str
    notes: tuple[str, ...] = ()

    def as_json(self, first: Row) -> dict[str, Any]:
        """The row, and each figure as a ratio to the first model's."""
        ratios = {}
        for name in COMPARED:
            mine, theirs = getattr(self, name), getattr(first, name)
            ratios[name] = None if mine is None or not theirs else mine / theirs
        return {**asdict(self), "notes": list(self.notes), "against_first": ratios}
