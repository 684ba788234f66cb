"""What a folder's safetensors hold, layer by layer: packed layers as the weights they stand for, others as they are.

Layouts known are those of bitsandbytes and compressed-tensors. Reads headers, and of the data only the shape that
compressed-tensors keeps as a tensor. Knows nothing of loading.
"""

from __future__ import annotations

import json
import math
import struct
from collections import defaultdict
from pathlib import Path
from typing import Any

from core.errors import UnsafeModel
from core.models import safety


class Part:
    """One tensor of a layer, not read."""

    def __init__(self, file: Path, start: int, entry: dict[str, Any]) -> None:
        self.shape: list[int] = entry["shape"]
        self.dtype: str = entry["dtype"]
        begin, end = entry["data_offsets"]
        self.size: int = end - begin
        self._file, self._place = file, start + begin

    def whole_numbers(self) -> list[int]:
        """Its values.

        Raises:
            UnsafeModel: they are not a few int64.
        """
        if self.dtype != "I64" or self.size > 8 * 8:
            raise UnsafeModel(f"{self._file} is damaged or unsafe: the shape of a packed layer is not a few int64.")
        with self._file.open("rb") as stream:
            stream.seek(self._place)
            return list(struct.unpack(f"<{self.size // 8}q", stream.read(self.size)))


Layer = dict[str, Part]
"""Tensors of a layer by the last part of their name: `weight`, `bias`, `absmax`, `weight_packed` …"""


def header(file: Path) -> tuple[int, dict[str, Any]]:
    """Where the data of a safetensors file begin, and its entries by name, once the whole header has been checked."""
    for _ in safety.safetensors_shapes(file):
        pass
    with file.open("rb") as stream:
        length = struct.unpack("<Q", stream.read(8))[0]
        entries: dict[str, Any] = json.loads(stream.read(length))
    entries.pop("__metadata__", None)
    return 8 + length, entries


def layers(folder: Path) -> dict[str, Layer]:
    """The layers of a folder by name.

    Raises:
        UnsafeModel: a header is malformed.
        NotFound: there are no weights.
    """
    found: dict[str, Layer] = defaultdict(dict)
    for file in safety.weight_files(folder):
        start, entries = header(file)
        for name, entry in entries.items():
            base, part = _split(name)
            found[base][part] = Part(file, start, entry)
    return found


def packed_weights(layer: Layer) -> int:
    """How many weights a packed layer stands for; 0 where it is none."""
    if "absmax" in layer and "weight" in layer:  # bitsandbytes, 4 bits: two in a byte
        return 2 * math.prod(layer["weight"].shape)
    if "SCB" in layer and "weight" in layer:  # bitsandbytes, 8 bits
        return math.prod(layer["weight"].shape)
    if "weight_packed" in layer and "weight_shape" in layer:  # compressed-tensors: int32 words
        return math.prod(layer["weight_shape"].whole_numbers())
    return 0


def count_parameters(folder: Path) -> int:
    """Numbers of the model in a folder, however they are packed; raises as `layers`."""
    total = 0
    for layer in layers(folder).values():
        if weights := packed_weights(layer):
            total += weights + (math.prod(layer["bias"].shape) if "bias" in layer else 0)
        else:
            total += sum(math.prod(part.shape) for part in layer.values())
    return total


def _split(name: str) -> tuple[str, str]:
    """`…q_proj.weight.absmax` → (`…q_proj`, `absmax`); `…q_proj.weight_packed` → (`…q_proj`, `weight_packed`)."""
    if ".weight." in name:
        base, _, part = name.partition(".weight.")
        return base, part
    base, _, part = name.rpartition(".")
    return base, part
