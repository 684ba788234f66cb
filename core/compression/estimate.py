"""What a compression will save, before anything is loaded: the size of the weights, from headers and arithmetic.

Knows nothing of how the work is done. Within a few percent of what is then written: tables of constants that a layer
holds once, the tokenizer and headers are not in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.compression.distillation.student import chosen_layers
from core.compression.pruning.shares import PARTS, how_many
from core.compression.pruning.structured import ATTENTION, FEED_FORWARD
from core.compression.request import CompressRequest
from core.compression.source import Source, open_source
from core.models import safety

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
    def stored(self) -> float:
        """Bits as it lies on disk."""
        return float(self.count * self.bits)

    @property
    def inside(self) -> bool:
        """Part of a decoder layer."""
        return any(part.isdigit() for part in self.name.split("."))

    @property
    def linear(self) -> bool:
        """Inside a decoder layer, and a matrix."""
        return len(self.shape) == 2 and self.inside


def estimate(request: CompressRequest, source: Source) -> Estimate:
    """The size of the weights before and after.

    Raises:
        InvalidInput, Unsupported: a group size that does not divide, parts that cannot be taken out.
        UnsafeModel, NotFound: the weights cannot be read.
    """
    tensors = _tensors(source.folder)
    before = _stored_bits(tensors)
    if request.method == "distill" and request.student:
        after = float(_stored_bits(_tensors(open_source(request.student).folder)))
    else:
        rule = _rule(request, source)
        after = sum(rule(tensor) for tensor in tensors)
    return Estimate(int(before / 8), int(after / 8))


def _rule(request: CompressRequest, source: Source) -> Callable[[_Tensor], float]:
    """Bits of a tensor afterwards; what holds for all tensors alike is computed here, once."""
    match request.method:
        case "int8":
            return lambda tensor: tensor.count * 8 + tensor.shape[0] * 32 if tensor.linear else tensor.stored
        case "nf4" | "fp4":
            bits = 4.126953 if request.double_quantization else 4.5
            return lambda tensor: tensor.count * bits if tensor.linear else tensor.stored
        case "gptq":
            from core.compression.methods.gptq import group_size  # which brings the store

            size, offset = group_size(request, source.folder), 0 if request.symmetric else request.bits
            return lambda tensor: (
                tensor.count * (request.bits + (tensor.bits + offset) / size) if tensor.linear else tensor.stored
            )
        case "gguf":
            tied = bool(source.config.get("tie_word_embeddings"))
            return lambda tensor: _gguf_bits(tensor, request.precision, tied=tied)
        case "prune":
            return _pruned(request, source)
        case "distill":
            count = source.number("num_hidden_layers") or 1
            kept = len(chosen_layers(count, request.layers, request.keep))
            return lambda tensor: tensor.stored * (kept / count if tensor.inside else 1.0)


def _gguf_bits(tensor: _Tensor, precision: str, *, tied: bool) -> float:
    if len(tensor.shape) == 1:
        return tensor.count * 32.0
    if tensor.name == "lm_head.weight" and tied:
        return 0.0
    bits = BLOCK_BITS[precision]
    if not tensor.linear and bits < 8:
        bits = BLOCK_BITS["q8_0"]
    return tensor.count * (bits if tensor.shape[-1] % 32 == 0 else BLOCK_BITS["f16"])


def _pruned(request: CompressRequest, source: Source) -> Callable[[_Tensor], float]:
    if request.structure not in PARTS:
        return lambda tensor: tensor.stored
    cut = {"heads": ATTENTION, "channels": FEED_FORWARD, "layers": ()}[request.structure]
    kept, count = how_many(source.config, request.structure, request.sparsity)

    def after(tensor: _Tensor) -> float:
        goes = tensor.inside and (not cut or bool(set(tensor.name.split(".")) & set(cut)))
        return tensor.stored * (kept / count if goes else 1.0)

    return after


def _stored_bits(tensors: list[_Tensor]) -> float:
    return sum(tensor.stored for tensor in tensors)


def _tensors(folder: Path) -> list[_Tensor]:
    return [
        _Tensor(name, shape, safety.DTYPE_BITS[dtype])
        for file in safety.weight_files(folder)
        for name, (dtype, shape) in safety.safetensors_tensors(file).items()
    ]
