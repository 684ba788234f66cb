"""Hostile and broken model files: each is refused with one sentence, before any library reads it."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from core.errors import LoupeError, NotFound, UnsafeModel
from core.models import safety
from core.models.bundled import PARAMETERS, gguf_file
from core.models.pool import get_pool


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def refused(folder: Path, match: str) -> None:
    """Both the check and the loader refuse, with one sentence that says why."""
    with pytest.raises(LoupeError, match=match) as caught:
        safety.inspect_folder(folder)
    assert "\n" not in str(caught.value)
    with pytest.raises(LoupeError, match=match):
        get_pool().load(f"path:{folder}")


def edit(file: Path, **changes: Any) -> None:
    data = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(data | changes))


def test_a_good_folder_passes(folder: Path) -> None:
    safety.inspect_folder(folder)


class Canary:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth", "model.ckpt"])
def test_pickle_weights_are_refused_and_never_opened(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Canary(tmp_path / "canary")))
    refused(folder, "unsafe weights")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "generation_config.json", "other.json"])
@pytest.mark.parametrize(
    "change",
    [
        {"auto_map": {"AutoModelForCausalLM": "evil/repo--modeling.Evil"}},
        {"trust_remote_code": True},
        {"text_config": {"deep": [{"trust_remote_code": True}]}},
        {"sub": {"auto_map": {"AutoConfig": "x.Y"}}},
    ],
)
def test_a_configuration_that_asks_to_run_code_is_refused(folder: Path, file: str, change: dict[str, Any]) -> None:
    edit(folder / file, **change)
    refused(folder, "run code from its repository")


def test_a_name_or_path_of_another_repository_is_ignored(folder: Path) -> None:
    edit(folder / "config.json", _name_or_path="evil/repo")
    with get_pool().lease(f"path:{folder}") as model:
        assert model.ref == f"path:{folder}"
    get_pool().unload(f"path:{folder}")


def test_a_huge_tokenizer_is_refused_without_reading_it(folder: Path) -> None:
    with (folder / "tokenizer.json").open("r+b") as stream:
        stream.truncate(2**30)  # sparse: takes no disk
    refused(folder, "1,073,741,824 bytes")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "\x00", '"text"', '{"a": ' * 60 + "1" + "}" * 60])
def test_broken_configuration_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    refused(folder, "JSON|nested")


def safetensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(begin: int, end: int, shape: list[Any], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "not a safetensors file"),
        (b"PK\x03\x04 a zip", "not a safetensors file"),
        (safetensors({}, length=2**63), "not a safetensors file"),
        (safetensors({}, length=2**20), "not a safetensors file"),
        (safetensors(b"{nonsense"), "not valid JSON"),
        (safetensors(b"[" * 200_000), "not valid JSON"),
        (safetensors([1]), "not a JSON object"),
        (safetensors({"a": {"dtype": "F32"}}), "malformed"),
        (safetensors({"a": tensor(0, 16, [2, 2]), "b": tensor(8, 24, [4])}, bytes(24)), "overlap"),
        (safetensors({"a": tensor(0, 16, [4]), "b": tensor(20, 36, [4])}, bytes(36)), "gaps"),
        (safetensors({"a": tensor(0, 16, [4], "OBJ")}, bytes(16)), "unknown type"),
        (safetensors({"a": tensor(0, 16, [4], "F16")}, bytes(16)), "does not fit"),
        (safetensors({"a": tensor(0, 16, [-4])}, bytes(16)), "malformed"),
        (safetensors({"a": tensor(0, 16, [True])}, bytes(16)), "malformed"),
        (safetensors({"a": tensor(16, 0, [4])}, bytes(16)), "does not fit"),
        (safetensors({"a": tensor(0, 16, [2**61, 2**61])}, bytes(16)), "does not fit"),
        (safetensors({"a": tensor(0, 16, [4])}, bytes(15)), "truncated"),
        (safetensors({"a": tensor(0, 16, [4])}, bytes(17)), "truncated"),
    ],
)
def test_lying_safetensors_are_refused(folder: Path, content: bytes, match: str) -> None:
    (folder / "model.safetensors").write_bytes(content)
    refused(folder, match)


def test_truncated_weights_are_refused(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as stream:
        stream.truncate((folder / "model.safetensors").stat().st_size // 2)
    refused(folder, "truncated")


def test_an_index_cannot_point_outside(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "outside.safetensors")
    edit(folder / "model.safetensors.index.json", weight_map={"a": "../outside.safetensors"})
    refused(folder, "not a safetensors file beside it")
    edit(folder / "model.safetensors.index.json", weight_map={"a": "model-00001-of-00002.safetensors"})
    refused(folder, "lacks model-00001-of-00002")


def test_links_out_of_the_folder_are_refused_and_the_cache_layout_is_not(folder: Path, tmp_path: Path) -> None:
    weights = folder / "model.safetensors"
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    refused(folder, "link out of the model's folder")

    cache = tmp_path / "models--a--b"
    (cache / "snapshots").mkdir(parents=True)
    (cache / "blobs").mkdir()
    snapshot = folder.rename(cache / "snapshots" / "0123")
    (tmp_path / "elsewhere").rename(cache / "blobs" / "abc")
    (snapshot / "model.safetensors").unlink()
    (snapshot / "model.safetensors").symlink_to("../../blobs/abc")
    safety.inspect_folder(snapshot)


def test_an_empty_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not a model"):
        safety.inspect_folder(tmp_path)


# --- GGUF
# ---------------------------------------------------------------------------------------------------------------


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(
    *,
    magic: bytes = b"GGUF",
    version: int = 3,
    tensors: int = 1,
    fields: bytes = text("general.alignment") + struct.pack("<II", 4, 32),
    field_count: int = 1,
    shape: tuple[int, ...] = (8,),
    kind: int = 0,
    offset: int = 0,
    data: bytes = bytes(32),
) -> bytes:
    header = magic + struct.pack("<IQQ", version, tensors, field_count) + fields
    header += text("t") + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", size) for size in shape)
    header += struct.pack("<IQ", kind, offset)
    return header + bytes(-len(header) % 32) + data


def test_a_good_gguf_passes(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(gguf())
    assert safety.inspect_gguf(tmp_path / "m.gguf").parameters == 8
    real = safety.inspect_gguf(gguf_file())
    assert (real.parameters, real.context_length) == (PARAMETERS, 8192)
    assert real.chat_template is not None and "im_start" in real.chat_template


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "not a GGUF file"),
        (b"\x80\x04" + bytes(100), "not a GGUF file"),
        (gguf(magic=b"GGML"), "not a GGUF file"),
        (gguf(version=1), "version 1"),
        (gguf(version=2**31), "version"),
        (gguf(tensors=2**60), "claims"),
        (gguf(field_count=2**60), "claims"),
        (gguf(offset=2**40), "truncated"),
        (gguf(offset=2**64 - 32), "truncated"),
        (gguf(offset=7), "truncated"),
        (gguf(shape=(2**50,)), "impossible"),
        (gguf(shape=(2**39, 2**39, 2**39)), "truncated"),
        (gguf(kind=9999), "unknown type"),
        (gguf(kind=2, shape=(8,)), "does not allow"),
        (gguf(data=bytes(31)), "truncated"),
        (gguf(fields=text("a") + struct.pack("<I", 99)), "unknown type"),
        (gguf(fields=text("a") + struct.pack("<IQ", 8, 2**62)), "ends before"),
        (gguf(fields=text("a") + struct.pack("<IIQ", 9, 8, 2**50)), "array of"),
        (gguf(fields=text("a") + struct.pack("<IIQ", 9, 9, 3)), "unknown type"),
        (gguf(fields=text("general.alignment") + struct.pack("<II", 4, 3)), "alignment"),
        (gguf(fields=text("general.alignment") + struct.pack("<II", 4, 0)), "alignment"),
        (gguf()[:60], "ends before"),
    ],
)
def test_lying_gguf_files_are_refused(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(UnsafeModel, match=match) as caught:
        safety.inspect_gguf(tmp_path / "m.gguf")
    assert "\n" not in str(caught.value)


def test_a_truncated_real_gguf_is_refused(tmp_path: Path) -> None:
    content = gguf_file().read_bytes()
    (tmp_path / "m.gguf").write_bytes(content[: len(content) // 2])
    with pytest.raises(UnsafeModel, match="truncated"):
        safety.inspect_gguf(tmp_path / "m.gguf")
