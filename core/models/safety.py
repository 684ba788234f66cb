"""Checks of model files before any library reads them: what is refused, and why, in one sentence.

Pickle weights, code from a repository, JSON of absurd size, links out of the folder, safetensors and GGUF files whose
headers lie. Reads headers only, in plain Python with every length checked; never unpickles anything. Knows nothing of
loading.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import ModelLoadError, NotFound, UnsafeModel
from core.models.gguf_header import GgufHeader, read_header
from core.settings import get_settings

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".msgpack", ".h5", ".npz")
"""Weight formats that can run code when loaded, or that no safe reader here takes."""

MIB = 1024**2
SIZE_CAPS = {
    "tokenizer.json": 128 * MIB,
    "tokenizer.model": 64 * MIB,
    "vocab.json": 64 * MIB,
    "merges.txt": 64 * MIB,
    "model.safetensors.index.json": 64 * MIB,
    "chat_template.jinja": 1 * MIB,
}
JSON_CAP = 8 * MIB
"""Any other JSON file; the largest tokenizers and indices in use are well below their caps."""

FORBIDDEN_KEYS = ("auto_map", "trust_remote_code", "custom_pipelines")
"""Keys by which a configuration asks to run code from a repository."""

HEADER_CAP = 100_000_000
"""Bytes; the safetensors library's own cap."""

DTYPE_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}


def inspect_folder(folder: Path) -> None:
    """Refuse a model folder that is not safe to load.

    Raises:
        UnsafeModel: pickle weights, remote code, links that leave the folder, oversized or lying files.
        NotFound: there are no weights or no configuration.
    """
    for file in sorted(folder.iterdir()):
        inspect_link(folder, file)
        if file.suffix in (".json", ".jinja") or file.name in SIZE_CAPS:
            _inspect_size(file)
    for file in sorted(folder.glob("*.json")):
        inspect_json(file)
    read_json(folder / "config.json")
    for file in weight_files(folder):
        for _ in safetensors_shapes(file):
            pass


def inspect_json(file: Path) -> None:
    """Refuse a configuration file that asks to run code; vocabularies and indices cannot ask, and are only measured.

    Raises:
        UnsafeModel: it asks to, or is too large, too deep or not JSON.
    """
    _inspect_size(file)
    if file.name not in ("tokenizer.json", "vocab.json") and not file.name.endswith(".index.json"):
        _refuse_code(file, _parsed(file))


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold the model's weights, as transformers chooses them.

    Raises:
        UnsafeModel: there are only pickle weights, or the index points outside the folder.
        NotFound: there are no weights, or a part is missing.
    """
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if index.is_file():
        _inspect_size(index)
        names = read_json(index).get("weight_map")
        if not isinstance(names, dict) or not names:
            raise UnsafeModel(f"{index} is not an index of weights: it has no weight_map.")
        files = []
        for name in sorted({str(value) for value in names.values()}):
            if name != Path(name).name or not name.endswith(".safetensors"):
                raise UnsafeModel(f"{index} points to {name[:80]!a}, which is not a safetensors file beside it.")
            if not (folder / name).is_file():
                raise NotFound(f"{folder} lacks {name}, a part of the weights; download or copy it again.")
            files.append(folder / name)
        return files
    pickles = sorted(file.name for file in folder.iterdir() if file.suffix in PICKLES)
    if pickles:
        raise UnsafeModel(
            f"{folder} holds unsafe weights only ({pickles[0]}): such files can run code when loaded; use a model with "
            f"safetensors weights."
        )
    raise NotFound(f"{folder} holds no model.safetensors; it is not a model in Hugging Face format.")


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object that somebody else wrote; the size is checked first.

    Raises:
        NotFound: there is no such file.
        UnsafeModel: it is too large, too deep, or not a JSON object.
    """
    if not file.is_file():
        raise NotFound(f"{file.parent} holds no {file.name}; it is not a model in Hugging Face format.")
    _inspect_size(file)
    data = _parsed(file)
    if not isinstance(data, dict):
        raise UnsafeModel(f"{file} is not a JSON object.")
    return data


def safetensors_shapes(file: Path) -> Iterator[tuple[int, ...]]:
    """Shapes of the tensors in a safetensors file, once its whole header has been checked; raises as below."""
    yield from (shape for _, shape in safetensors_tensors(file).values())


def safetensors_tensors(file: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type (such as BF16) and shape of every tensor in a safetensors file, by name, its whole header checked.

    Source: https://huggingface.co/docs/safetensors (8 bytes of header length, JSON header, then the tensors without
    gap).

    Raises:
        UnsafeModel: the header is too long, malformed, or does not match the file's size.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(HEADER_CAP, size - 8):
            raise UnsafeModel(f"{file} is not a safetensors file: its header claims {length:,} bytes of {size:,}.")
        try:
            header = json.loads(stream.read(length))
        except (ValueError, RecursionError):
            raise UnsafeModel(f"{file} is not a safetensors file: its header is not valid JSON.") from None
    if not isinstance(header, dict):
        raise UnsafeModel(f"{file} is not a safetensors file: its header is not a JSON object.")
    header.pop("__metadata__", None)
    spans, tensors = [], {}
    for name, entry in header.items():
        begin, end, shape = _tensor(file, name, entry)
        spans.append((begin, end))
        tensors[name] = (str(entry["dtype"]), shape)
    place = 0
    for begin, end in sorted(spans):
        if begin != place:
            raise UnsafeModel(f"{file} is damaged or unsafe: its tensors overlap or leave gaps at byte {begin:,}.")
        place = end
    if place != size - 8 - length:
        raise UnsafeModel(
            f"{file} is truncated or unsafe: its header describes {place:,} bytes of tensors and it holds "
            f"{size - 8 - length:,}; download or copy it again."
        )
    return tensors


def inspect_gguf(file: Path) -> GgufHeader:
    """Check a GGUF file before llama.cpp, which is C++, reads it: its header, and that its tensors lie in the file.

    Raises:
        UnsafeModel: it is not a GGUF file, or its header lies.
    """
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    header, size = read_header(file), file.stat().st_size
    for tensor in header.tensors:
        try:
            block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(tensor.type)]
        except (ValueError, KeyError):
            raise UnsafeModel(f"{file}: tensor {tensor.shown} has the unknown type {tensor.type}.") from None
        if not tensor.shape or tensor.shape[0] % block:
            raise UnsafeModel(f"{file}: tensor {tensor.shown} has a shape that its type does not allow.")
        end = header.data_offset + tensor.offset + math.prod(tensor.shape) // block * block_bytes
        if tensor.offset % header.alignment or end > size:
            raise UnsafeModel(
                f"{file} is truncated or unsafe: tensor {tensor.shown} ends at byte {end:,} of {size:,}; "
                f"download or copy it again."
            )
    return header


def _parsed(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise UnsafeModel(f"{file} is not valid JSON; download or copy it again.") from None
    except OSError as error:
        raise ModelLoadError(f"{file} cannot be read: {error.strerror}.") from None


def _tensor(file: Path, name: str, entry: Any) -> tuple[int, int, tuple[int, ...]]:
    shown = ascii(name[:80])
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise UnsafeModel(f"{file} is not a safetensors file: the entry of {shown} is malformed.")
    bits, shape, offsets = DTYPE_BITS.get(str(entry["dtype"])), entry["shape"], entry["data_offsets"]
    if bits is None:
        raise UnsafeModel(f"{file}: tensor {shown} has the unknown type {str(entry['dtype'])[:20]!a}.")
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        raise UnsafeModel(f"{file}: tensor {shown} has a malformed shape or place.")
    begin, end = offsets
    if math.prod(shape) * bits != (end - begin) * 8:
        raise UnsafeModel(f"{file}: tensor {shown} does not fit the {end - begin:,} bytes it claims.")
    return begin, end, tuple(shape)


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**62 for item in value)


def inspect_link(folder: Path, file: Path) -> None:
    """Refuse a link that leaves its folder; the hub's cache may link to the blobs beside its snapshots.

    Raises:
        UnsafeModel: it leads elsewhere.
    """
    if not file.is_symlink():
        return
    target, roots = file.resolve(), [folder.resolve(), get_settings().models_dir.resolve()]
    if folder.parent.name == "snapshots":
        roots.append((folder.parent.parent / "blobs").resolve())
    if not any(target.is_relative_to(root) for root in roots):
        raise UnsafeModel(f"{file} is a link out of the model's folder; copy the file there instead.")


def _inspect_size(file: Path) -> None:
    cap, size = SIZE_CAPS.get(file.name, JSON_CAP), file.stat().st_size if file.exists() else 0
    if size > cap:
        raise UnsafeModel(f"{file} has {size:,} bytes, more than the {cap:,} that such a file can need; it is refused.")


def _refuse_code(file: Path, value: Any, depth: int = 0) -> None:
    if depth > 50:
        raise UnsafeModel(f"{file} is nested more than 50 levels deep; it is refused.")
    if isinstance(value, dict):
        for key in FORBIDDEN_KEYS:
            if value.get(key):
                raise UnsafeModel(
                    f"{file} asks to run code from its repository ({key}), which Loupe never does; use a model whose "
                    f"architecture transformers has built in."
                )
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _refuse_code(file, item, depth + 1)
