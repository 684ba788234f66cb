"""What a compression will save, before anything is loaded: the size of the weights, from headers and arithmetic.

Knows nothing of how the work is done. Within a few percent of what is then written: tables of constants that a layer
holds once, the tokenizer and headers are not in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from core.compression.request import CompressRequest
from core.compression.source import Source
from core.models import safety
from core.models.stored import header

BLOCK_BITS = {"f16": 16.0, "q8_0": 8.5, "q5_1": 6.0, "q5_0": 5.5, "q4_1": 5.0, "q4_0": 4.5}
"""Bits a weight of GGUF's types: 32 weights with an fp16 scale (and for _1 an fp16 minimum)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes of the weights.

    Attributes:
        before: of the source.
        after: of the result, about.
    """

    before: int
    after: int

    @property
    def ratio(self) -> float:
        """After by before."""
        return self.after / self.before


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    bits: int

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def linear(self) -> bool:
        """Inside a decoder layer, and a matrix."""
        return len(self.shape) == 2 and any(part.isdigit() for part in self.name.split("."))


def estimate(request: CompressRequest, source: Source) -> Estimate:
    """The size of the weights before and after.

    Raises:
        InvalidInput: a group size that does not divide, layers that are not there.
        UnsafeModel, NotFound: the weights cannot be read.
    """
    tensors = _tensors(source.folder)
    before = sum(tensor.count * tensor.bits for tensor in tensors) / 8
    after = sum(_bits_after(tensor, request, source) for tensor in tensors) / 8
    return Estimate(int(before), int(after))


def _bits_after(tensor: _Tensor, request: CompressRequest, source: Source) -> float:
    whole = float(tensor.count * tensor.bits)
    match request.method:
        case "int8":
            return tensor.count * 8 + tensor.shape[0] * 32 if tensor.linear else whole
        case "nf4" | "fp4":
            return tensor.count * (4.126953 if request.double_quantization else 4.5) if tensor.linear else whole
        case "gptq":
            from core.compression.methods.gptq import group_size

            offset = 0 if request.symmetric else request.bits
            bits = request.bits + (tensor.bits + offset) / group_size(request, source.folder)
            return tensor.count * bits if tensor.linear else whole
        case "gguf":
            return _gguf_bits(tensor, request, source)
        case "prune":
            return _pruned_bits(tensor, request, source)
        case "distill":
            return _student_bits(tensor, request, source)


def _gguf_bits(tensor: _Tensor, request: CompressRequest, source: Source) -> float:
    if len(tensor.shape) == 1:
        return tensor.count * 32.0
    if tensor.name == "lm_head.weight" and source.config.get("tie_word_embeddings"):
        return 0.0
    bits = BLOCK_BITS[request.precision]
    if not tensor.linear and bits < 8:
        bits = BLOCK_BITS["q8_0"]
    return tensor.count * (bits if tensor.shape[-1] % 32 == 0 else BLOCK_BITS["f16"])


def _pruned_bits(tensor: _Tensor, request: CompressRequest, source: Source) -> float:
    from core.compression.pruning.structured import ATTENTION, FEED_FORWARD, how_many

    whole, names = float(tensor.count * tensor.bits), tensor.name.split(".")
    parts = {
        "heads": ("num_key_value_heads", ATTENTION),
        "channels": ("intermediate_size", FEED_FORWARD),
        "layers": ("num_hidden_layers", None),
    }
    if request.structure not in parts:
        return whole
    key, cut = parts[request.structure]
    count = source.number(key) or 1
    inside = any(part.isdigit() for part in names)
    if not inside or (cut is not None and not set(names) & set(cut)):
        return whole
    return whole * how_many(count, request.sparsity, request.structure) / count


def _student_bits(tensor: _Tensor, request: CompressRequest, source: Source) -> float:
    from core.compression.distillation.student import chosen_layers

    if request.student:
        from core.compression.source import open_source

        student = _tensors(open_source(request.student).folder)
        ours = sum(each.count * each.bits for each in _tensors(source.folder))
        return tensor.count * tensor.bits * sum(each.count * each.bits for each in student) / ours
    count = source.number("num_hidden_layers") or 1
    share = len(chosen_layers(count, request.layers, request.keep)) / count
    inside = any(part.isdigit() for part in tensor.name.split("."))
    return tensor.count * tensor.bits * (share if inside else 1.0)


def _tensors(folder: Path) -> list[_Tensor]:
    return [
        _Tensor(name, tuple(entry["shape"]), safety.DTYPE_BITS[entry["dtype"]])
        for file in safety.weight_files(folder)
        for name, entry in header(file)[1].items()
    ]
