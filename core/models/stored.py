"""What a folder's safetensors hold, layer by layer: packed layers as the weights they stand for, others as they are.

Layouts known are those of bitsandbytes and compressed-tensors. Reads headers, and of the data only the shape that
compressed-tensors keeps as a tensor. Knows nothing of loading.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import UnsafeModel
from core.models import safety


class _File:
    """A safetensors file; opened for its data at most once, and not at all where headers say enough."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def opened(self) -> Any:
        """What the library reads tensors from."""
        from safetensors import safe_open

        return safe_open(self.path, "numpy")


class Part:
    """One tensor of a layer, not read."""

    def __init__(self, file: _File, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.dtype = dtype
        self.size = math.prod(shape) * safety.DTYPE_BITS[dtype] // 8
        self._file, self._name = file, name

    def whole_numbers(self) -> list[int]:
        """Its values.

        Raises:
            UnsafeModel: they are not a few int64.
        """
        if self.dtype != "I64" or self.size > 8 * 8:
            raise UnsafeModel(
                f"{self._file.path} is damaged or unsafe: the shape of a packed layer is not a few int64."
            )
        return [int(each) for each in self._file.opened.get_tensor(self._name).flatten()]


Layer = dict[str, Part]
"""Tensors of a layer by the last part of their name: `weight`, `bias`, `absmax`, `weight_packed` …"""


def layers(folder: Path) -> dict[str, Layer]:
    """The layers of a folder by name.

    Raises:
        UnsafeModel: a header is malformed.
        NotFound: there are no weights.
    """
    found: dict[str, Layer] = defaultdict(dict)
    for file in safety.weight_files(folder):
        tensors, opened = safety.safetensors_tensors(file), _File(file)
        for name, (dtype, shape) in tensors.items():
            base, part = _split(name)
            found[base][part] = Part(opened, name, dtype, shape)
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
