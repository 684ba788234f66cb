"""The job that merges: checked before it starts, done once however often it is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import Conflict, Unsupported
from core.jobs import JobContext
from core.models.adapters.export import target_of
from core.tuning import merging
from core.tuning.request import TuneRequest

Ask = Callable[..., TuneRequest]
Run = Callable[..., dict[str, Any]]
SHORT = {"max_steps": 1, "compare_rows": 0, "samples": 0}


def test_a_further_attempt_finds_what_the_first_one_wrote(ask: Ask, run: Run) -> None:
    from transformers import AutoModelForCausalLM

    ref = run(ask("lora", **SHORT))["ref"]
    request = {"ref": ref, "name": "merged"}
    found = merging.run(request, JobContext("first"))
    assert found["ref"] == f"path:{found['path']}"
    AutoModelForCausalLM.from_pretrained(found["path"])
    assert merging.run(request, JobContext("second")) == found
    with pytest.raises(Conflict, match="exists already"):
        merging.run(request | {"ref": f"{ref}*0.5"}, JobContext("other"))


def test_what_cannot_be_merged_is_said_before_a_job_is_made(ask: Ask, run: Run) -> None:
    with pytest.raises(Unsupported, match="soft prompt"):
        merging.start(run(ask("prompt-tuning", **SHORT))["ref"], "merged")
    ref = run(ask("lora", "other", **SHORT), JobContext("other"))["ref"]
    target_of("taken").mkdir(parents=True)
    with pytest.raises(Conflict, match="exists already"):
        merging.start(ref, "taken")
