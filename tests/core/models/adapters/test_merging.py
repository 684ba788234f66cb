"""The job that merges: checked before it starts, done once however often it is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Conflict, Unsupported
from core.jobs import JobContext
from core.models.adapters.export import target_of
from core.tuning import merging
from tests.core.models.adapters.conftest import Make
from tests.core.models.adapters.test_loading import base_of


def test_a_further_attempt_finds_what_the_first_one_wrote(tiny_model: Path, make: Make) -> None:
    request = {"ref": f"path:{tiny_model}+{make('lora')}", "name": "merged"}
    found = merging.run(request, JobContext("first"))
    assert found["ref"] == f"path:{found['path']}"
    base_of(Path(found["path"]))
    assert merging.run(request, JobContext("second")) == found
    with pytest.raises(Conflict, match="exists already"):
        merging.run(request | {"ref": f"path:{tiny_model}+{make('dora')}"}, JobContext("other"))


def test_what_cannot_be_merged_is_said_before_a_job_is_made(tiny_model: Path, make: Make) -> None:
    with pytest.raises(Unsupported, match="soft prompt"):
        merging.start(f"path:{tiny_model}+{make('prompt-tuning')}", "merged")
    target_of("taken").mkdir(parents=True)
    with pytest.raises(Conflict, match="exists already"):
        merging.start(f"path:{tiny_model}+{make('lora')}", "taken")
