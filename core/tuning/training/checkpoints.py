"""Checkpoints: which are whole, and what is trained as safetensors.

transformers' Trainer writes a folder file by file; a mark with every file's size is written last, and a folder without
it, or whose files differ from it, does not count. An older one goes only when a newer one is whole. Knows nothing of
what is in them.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK = "whole.json"
TRAINED = "trained.safetensors"
KEPT = 2
"""Whole checkpoints that a run keeps while it goes on."""
_NAME = re.compile(r"checkpoint-(\d+)")


def seal(folder: Path) -> None:
    """Say that a checkpoint is whole: its files are on the disk, and these are their sizes."""
    sizes = {}
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and each.name != MARK):
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
        sizes[str(file.relative_to(folder))] = file.stat().st_size
    beside = folder / f".{MARK}"
    beside.write_text(json.dumps(sizes), encoding="utf-8")
    beside.replace(folder / MARK)


def is_whole(folder: Path) -> bool:
    """Whether the mark is there and every file is as it says."""
    try:
        sizes = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def whole(run: Path) -> Iterator[tuple[int, Path]]:
    """Step and folder of every whole checkpoint of a run, the latest first."""
    return ((step, each) for step, each in sorted(_all(run), reverse=True) if is_whole(each))


def keep(run: Path, most: int) -> None:
    """Delete every checkpoint but the latest `most` whole ones."""
    kept = dict(itertools.islice(whole(run), most))
    for step, each in _all(run):
        if step not in kept:
            shutil.rmtree(each, ignore_errors=True)


def _all(run: Path) -> list[tuple[int, Path]]:
    return [(int(match[1]), each) for each in run.glob("checkpoint-*") if (match := _NAME.fullmatch(each.name))]


def save_trained(model: Any, folder: Path, state: dict[str, Any] | None = None) -> None:
    """Write every parameter that is trained; of weights that share a tensor, one."""
    from safetensors.torch import save_file

    source = state if state is not None else dict(model.named_parameters())
    names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    tensors = {name: source[name].detach().to("cpu").contiguous() for name in names if name in source}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / TRAINED)


def is_finite(folder: Path) -> bool:
    """Whether every number that `save_trained` wrote is one."""
    from safetensors import safe_open

    with safe_open(folder / TRAINED, framework="pt") as file:
        return all(bool(file.get_tensor(name).isfinite().all()) for name in file.keys())  # noqa: SIM118 - no mapping


def load_trained(model: Any, folder: Path) -> None:
    """Put the parameters of `save_trained` back in place, bit for bit."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(folder / TRAINED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(tensors[name].to(parameter.device))
