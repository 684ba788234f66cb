"""A tiny model, rows with labels, and a run of them in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.jobs import JobContext
from core.tuning import job, places
from core.tuning.request import TuneRequest


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Forty rows, two labels."""
    file = tmp_path / "rows.jsonl"
    words = ["eats apples ", "gathers light "]
    lines = [
        {"text": f"the lens number {i} " + words[i % 2] * (1 + i % 3), "label": ["apples", "light"][i % 2]}
        for i in range(40)
    ]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return file


@pytest.fixture
def ask(tiny_model: Path, rows: Path) -> Callable[..., TuneRequest]:
    """A request on the tiny model; keywords are settings."""

    def made(method: str = "lora", name: str = "tuned", data: Path | None = None, **settings: Any) -> TuneRequest:
        return TuneRequest.parse(
            method=method,
            model=f"path:{tiny_model}",
            data=str(data or rows),
            name=name,
            settings={
                "epochs": 2, "max_length": 128, "compare_rows": 4, "samples": 1, "initial_text": "the lens", **settings
            },
        )  # fmt: skip

    return made


@pytest.fixture
def run() -> Callable[..., dict[str, Any]]:
    """A run as a worker does it, here."""

    def done(request: TuneRequest, context: JobContext | None = None) -> dict[str, Any]:
        return job.run(request.model_dump(mode="json"), context or JobContext("tuning"))

    return done


@pytest.fixture
def folder() -> Callable[[], Path]:
    """The folder of that run."""
    return lambda: places.run_folder("tuning")
