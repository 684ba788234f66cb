"""Numbers of a model are counted from headers, however they are packed."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from core.errors import UnsafeModel
from core.models import stored


def write(folder: Path, tensors: dict[str, tuple[str, list[int], int]], data: bytes | None = None) -> Path:
    """A folder with one file of zeros (or `data`): type, shape and bytes by name."""
    place, entries = 0, {}
    for name, (dtype, shape, size) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [place, place + size]}
        place += size
    header = json.dumps(entries).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + (data or bytes(place)))
    return folder


def test_a_whole_model_has_what_transformers_counts(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM

    assert stored.count_parameters(tiny_model) == AutoModelForCausalLM.from_pretrained(tiny_model).num_parameters()


@pytest.mark.parametrize(
    "tensors",
    [
        {"a.weight": ("U8", [64, 1], 64), "a.weight.absmax": ("F32", [2], 8), "a.weight.quant_map": ("F32", [16], 64)},
        {"a.weight": ("I8", [8, 16], 128), "a.SCB": ("F32", [8], 32)},
    ],
)
def test_bitsandbytes_layers_count_as_the_weights_they_stand_for(
    tmp_path: Path, tensors: dict[str, tuple[str, list[int], int]]
) -> None:
    rest = {"a.bias": ("F32", [8], 32), "norm.weight": ("F32", [16], 64)}
    assert stored.count_parameters(write(tmp_path, tensors | rest)) == 8 * 16 + 8 + 16


def test_compressed_tensors_layers_count_by_the_shape_they_keep(tmp_path: Path) -> None:
    tensors = {"a.weight_shape": ("I64", [2], 16), "a.weight_packed": ("I32", [8, 2], 64)}
    tensors["a.weight_scale"] = ("BF16", [8, 1], 16)
    data = struct.pack("<2q", 8, 16) + bytes(80)
    assert stored.count_parameters(write(tmp_path, tensors, data)) == 8 * 16


def test_a_header_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, {"a.weight": ("F32", [8, 16], 512)})
    parsed, loads = [], json.loads
    monkeypatch.setattr(json, "loads", lambda text: parsed.append(text) or loads(text))
    assert stored.count_parameters(folder) == 8 * 16
    assert len(parsed) == 1


@pytest.mark.parametrize("shape", [("I32", [4], 16), ("I64", [1000], 8000)])
def test_a_shape_that_is_none_is_refused(tmp_path: Path, shape: tuple[str, list[int], int]) -> None:
    tensors = {"a.weight_shape": shape, "a.weight_packed": ("I32", [8, 2], 64)}
    with pytest.raises(UnsafeModel, match="shape of a packed layer"):
        stored.count_parameters(write(tmp_path, tensors))
