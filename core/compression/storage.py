"""Counting what is stored: bits of a weight in packed layers, and the numbers a model has however it is packed.

Reads safetensors headers. Knows nothing of loading.
"""

from __future__ import annotations

import json
import math
import struct
from collections import defaultdict
from pathlib import Path
from typing import Any

from core.models import safety

CONSTANT = ("quant_map", "nested_quant_map", "quant_state", "weight_shape", "weight_format", "bias")
"""Tables and shapes of bitsandbytes and compressed-tensors whose size does not grow with the weights; and the bias."""


def bits_per_linear_weight(folder: Path) -> float:
    """Stored bits of a weight over the quantized linear layers.

    Packed weights and their scales count, the tables of constants that each layer holds once do not.
    NF4 in blocks of 64 with fp32 scales is 4 + 32/64 = 4.5; with double quantization 4 + 8/64 + 32/(64·256) = 4.127
    (Dettmers et al., 2023, section 3). Zero where nothing is quantized.
    """
    layers: dict[str, dict[str, _Part]] = defaultdict(dict)
    for file in safety.weight_files(folder):
        start, entries = header(file)
        for name, entry in entries.items():
            base, part = _split(name)
            layers[base][part] = _Part(file, start, entry)
    bits = weights = 0
    for layer in layers.values():
        if count := _weights_of(layer):
            weights += count
            bits += sum(8 * part.size for name, part in layer.items() if not name.startswith(CONSTANT))
    return bits / weights if weights else 0.0


def logical_parameters(folder: Path) -> int:
    """Numbers the model has, tied ones once, however they are packed: from the configuration, without weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    return sum(parameter.numel() for parameter in model.parameters())


def weight_data_bytes(folder: Path) -> int:
    """Bytes of all tensors in a folder, headers left out."""
    return sum(
        entry["data_offsets"][1] - entry["data_offsets"][0]
        for file in safety.weight_files(folder)
        for entry in header(file)[1].values()
    )


def header(file: Path) -> tuple[int, dict[str, Any]]:
    """Where the data of a safetensors file begin, and its entries by name, once the whole header has been checked."""
    for _ in safety.safetensors_shapes(file):
        pass
    with file.open("rb") as stream:
        length = struct.unpack("<Q", stream.read(8))[0]
        entries: dict[str, Any] = json.loads(stream.read(length))
    entries.pop("__metadata__", None)
    return 8 + length, entries


class _Part:
    """One tensor of a layer, not read."""

    def __init__(self, file: Path, start: int, entry: dict[str, Any]) -> None:
        self.shape: list[int] = entry["shape"]
        begin, end = entry["data_offsets"]
        self.size: int = end - begin
        self._file, self._place = file, start + begin

    def whole_numbers(self) -> list[int]:
        """Its values, which are int64."""
        with self._file.open("rb") as stream:
            stream.seek(self._place)
            return list(struct.unpack(f"<{self.size // 8}q", stream.read(self.size)))


def _split(name: str) -> tuple[str, str]:
    """`…q_proj.weight.absmax` → (`…q_proj`, `absmax`); `…q_proj.weight_packed` → (`…q_proj`, `weight_packed`)."""
    if ".weight." in name:
        base, _, part = name.partition(".weight.")
        return base, part
    base, _, part = name.rpartition(".")
    return base, part


def _weights_of(layer: dict[str, _Part]) -> int:
    """How many weights a packed layer holds; 0 where it is none."""
    if "absmax" in layer and "weight" in layer:  # bitsandbytes, 4 bits: two in a byte
        return 2 * math.prod(layer["weight"].shape)
    if "SCB" in layer and "weight" in layer:  # bitsandbytes, 8 bits
        return math.prod(layer["weight"].shape)
    if "weight_packed" in layer and "weight_shape" in layer:  # compressed-tensors: int32 words
        return math.prod(layer["weight_shape"].whole_numbers())
    return 0
