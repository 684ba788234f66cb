"""The job: a result appears whole or not at all, the source stays as it is, and failures are one sentence."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.compression import bitsandbytes_folder
from core.compression.job import run
from core.compression.methods import prune
from core.errors import Conflict, LoupeError
from core.jobs import JobCancelled, JobContext
from core.models.registry import list_models, local_dir
from tests.core.compression.conftest import SMALL, Compress


def digest(folder: Path) -> str:
    """Of all files in a folder, their names and contents."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        total.update(file.name.encode() + (file.read_bytes() if file.is_file() else b""))
    return total.hexdigest()


def test_the_result_is_a_model_like_any_other(compress: Compress, tiny_model: Path) -> None:
    before = digest(tiny_model)
    made = compress("prune", criterion="magnitude", sparsity=0.25)
    folder = local_dir() / "made"
    assert made["path"] == str(folder) and made["ref"] == f"path:{folder.resolve()}"
    assert made["size_bytes"] == sum(file.stat().st_size for file in folder.iterdir())
    assert made["seconds"] > 0
    assert made["ref"] in [info.ref for info in list_models()]
    record = json.loads((folder / "loupe.json").read_text())
    assert record["source"] == f"path:{tiny_model}"
    used = {"criterion": "magnitude", "structure": "unstructured", "sparsity": 0.25}
    assert record["settings"] == used and record["versions"]["torch"]  # and no text, at which magnitude does not look
    assert digest(tiny_model) == before
    assert [entry.name for entry in local_dir().iterdir()] == ["made"]


class Impatient(JobContext):
    """Asked to stop after some steps."""

    def __init__(self, steps: int) -> None:
        super().__init__("impatient")
        self._left = steps

    def check(self) -> None:
        """See JobContext."""
        self._left -= 1
        if self._left < 0:
            self.cancelled.set()
        super().check()


@pytest.mark.parametrize("steps", [0, 1, 3, 9, 14])
def test_cancelled_midway_nothing_is_left(tiny_model: Path, text_file: Path, steps: int) -> None:
    before = digest(tiny_model)
    request = {"method": "prune", "name": "made", "model": f"path:{tiny_model}", "calibration": str(text_file)} | SMALL
    with pytest.raises(JobCancelled):
        run(request, Impatient(steps))
    assert not local_dir().exists() or list(local_dir().iterdir()) == []
    assert digest(tiny_model) == before


class SafetensorError(Exception):
    """What the library raises when the system says no."""


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        OSError("12345 requested and 17 written"),
    ],
)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    compress: Compress, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(model: Any, tokenizer: Any, folder: Path, *_: Any) -> None:
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
        raise error

    monkeypatch.setattr(prune, "save_model", full)
    with pytest.raises(LoupeError) as caught:
        compress("prune", criterion="magnitude")
    assert "is full, so made was not made; free some space" in str(caught.value)
    assert list(local_dir().iterdir()) == []


def test_a_disk_without_room_is_seen_before_anything_starts(
    compress: Compress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(LoupeError, match=r"needs about .* MB on the disk of .* and 0 MB are free"):
        compress("nf4")


def test_what_has_appeared_meanwhile_is_left_alone(compress: Compress, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bitsandbytes_folder.save_model

    def save(model: Any, tokenizer: Any, folder: Path, *more: Any) -> None:
        whole(model, tokenizer, folder, *more)
        (local_dir() / "made").mkdir()
        (local_dir() / "made" / "mine").write_text("mine")

    monkeypatch.setattr(bitsandbytes_folder, "save_model", save)
    with pytest.raises(Conflict, match="has appeared meanwhile"):
        compress("nf4")
    assert [entry.name for entry in local_dir().rglob("*")] == ["made", "mine"]


def test_what_a_killed_job_left_goes_with_the_next(compress: Compress) -> None:
    for left in (".making-job-made", ".making-0123456789abcdef0123"):
        (local_dir() / left).mkdir(parents=True)
        (local_dir() / left / "model.safetensors").write_bytes(b"half")
    (local_dir() / ".making-old.gguf").write_bytes(b"half")
    (local_dir() / ".hidden").write_text("somebody's own")
    compress("prune", criterion="magnitude")
    assert sorted(entry.name for entry in local_dir().iterdir()) == [".hidden", "made"]
