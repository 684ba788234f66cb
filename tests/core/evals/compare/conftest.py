"""What tests of comparing share: variants of tiny real models, run side by side to their ends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from core.evals.compare import columns
from core.evals.compare.columns import Column
from core.evals.variant import Variant
from core.generation.params import SamplingParams
from core.prompts.file import PromptMessage
from tests.conftest import make_tiny_model

PROMPT = "The lens gathers light"


@pytest.fixture(scope="session")
def other_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another tiny model with the tokenizer of `tiny_model`."""
    return make_tiny_model(tmp_path_factory.mktemp("weights") / "model", seed=7)


@pytest.fixture(scope="session")
def other_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that cuts the same text into other tokens."""
    corpus = ["It was the best of times, it was the worst of times.", "Call me Ishmael; some years ago, never mind."]
    return make_tiny_model(tmp_path_factory.mktemp("tokenizer") / "model", seed=0, corpus=corpus)


def variant(model: Path | str, prompt: str = PROMPT, name: str = "A", **values: Any) -> Variant:
    """A completion of `prompt`; sampling parameters and fields of the variant in one."""
    fields = {key: values.pop(key) for key in list(values) if key in Variant.model_fields}
    params = SamplingParams.parse(**{"max_tokens": 12, "temperature": 0, **values})
    messages = fields.pop("messages", (PromptMessage(role="user", content=prompt),))
    ref = model if isinstance(model, str) else f"path:{model}"
    return Variant.parse(
        **{"name": name, "model": ref, "messages": messages, "mode": "completion", "params": params, **fields}
    )


def ended(*run_ids: str | None) -> list[Column]:
    """The columns of these runs once all have ended."""
    deadline = time.monotonic() + 60
    found = [columns.find(run_id) for run_id in run_ids if run_id]
    while any(each.running for each in found):
        assert time.monotonic() < deadline
        time.sleep(0.01)
        found = [columns.find(each.id) for each in found]
    return found


def side_by_side(*variants: Variant, **values: Any) -> list[Column]:
    """Columns of these variants, run together to their ends."""
    started = columns.start(variants, values)
    assert [each.problem for each in started] == [None] * len(variants)
    return ended(*[each.run for each in started])
