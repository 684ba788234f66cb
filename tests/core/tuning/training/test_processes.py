"""Two processes over gloo on the CPU come to the curve of one with the same global batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.jobs import JobContext
from core.tuning.request import TuneRequest

SAME = {"max_steps": 6, "compare_rows": 0, "samples": 0, "evaluate_every": 3}


@pytest.mark.slow
@pytest.mark.parametrize(("method", "strategy"), [("lora", "ddp"), ("full", "fsdp")])
def test_two_processes_are_one_with_a_batch_twice_as_large(
    method: str, strategy: str, ask: Callable[..., TuneRequest], run: Callable[..., dict[str, Any]]
) -> None:
    one = run(ask(method, "one", accumulate=2, **SAME), JobContext("one"))
    two = run(ask(method, "two", processes=2, strategy=strategy, **SAME), JobContext("two"))
    assert two["train_loss"] == pytest.approx(one["train_loss"], abs=1e-5)
    assert two["eval_loss"] == pytest.approx(one["eval_loss"], abs=1e-5)
