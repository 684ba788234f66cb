"""A stub in place of every embedding model, and sources made of words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.documents.ingest import job
from core.jobs import JobContext
from core.store import collections
from tests.core.documents.ingest.stub import Stub

Add = Callable[..., dict[str, Any]]


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stub]:
    """By reference; made when they are asked for."""
    made: dict[str, Stub] = {}

    def get(ref: str = "minilm") -> Stub:
        return made.setdefault(ref, Stub(ref, 16 if ref == "minilm" else 8))

    monkeypatch.setattr("core.models.embedders.get_embedder", get)
    get("minilm")
    return made


@pytest.fixture
def stub(stubs: dict[str, Stub]) -> Stub:
    return stubs["minilm"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def add(stub: Stub) -> Add:
    """Run the job in this process: `add(row, path, …)` or `add(row, (path, name), …)`; the result."""

    def run(row: collections.CollectionRow, *sources: Any, context: JobContext | None = None) -> dict[str, Any]:
        wanted = [
            {"path": str(each), "name": ""} if not isinstance(each, tuple) else {"path": str(each[0]), "name": each[1]}
            for each in sources
        ]
        return job.run({"collection": row.id, "sources": wanted}, context or JobContext("job"))

    return run
