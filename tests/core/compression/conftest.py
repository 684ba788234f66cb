"""Fixtures of the compression tests: a tiny model's reference, a text, and a way to run the job in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.compression.job import run
from core.jobs import JobContext

Compress = Callable[..., dict[str, Any]]
SMALL = {"samples": 6, "sample_tokens": 48}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Operations on tensors this small take longer to share out than to do, the more so on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def compress(tiny_model: Path) -> Compress:
    """Run a compression of the tiny model in this process and return its result."""

    def call(method: str, name: str = "made", **settings: Any) -> dict[str, Any]:
        request = {"method": method, "name": name, "model": f"path:{tiny_model}"} | settings
        return run(request, JobContext(f"job-{name}"))

    return call


@pytest.fixture(scope="session")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text of a few thousand characters."""
    file = tmp_path_factory.mktemp("text") / "text.txt"
    lines = [
        f"Line {number}: seven apples are left of {number * 3}, and the lens bends light." for number in range(120)
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def variant(tiny_model: Path, folder: Path, family: str = "llama", **config: Any) -> Path:
    """A model with random weights of another shape or family, and the tiny one's tokenizer; in the dtype it names."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    shutil.copytree(tiny_model, folder)
    held = json.loads((folder / "config.json").read_text()) | {"model_type": family}
    kept = {key: held[key] for key in held if key not in ("architectures", "model_type", "head_dim", "dtype")}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **(kept | config)))
    model.to(getattr(torch, str(config.get("dtype", "float32")))).save_pretrained(folder)
    return folder


def plain(folder: str | Path) -> Any:
    """The model of a folder as anybody would load it."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
