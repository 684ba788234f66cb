"""Stopping and going on: the losses of a run that never stopped; half-written checkpoints do not count; NaN."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.errors import LoupeError
from core.jobs import JobCancelled, JobContext
from core.tuning import start
from core.tuning.request import TuneRequest
from core.tuning.training import checkpoints
from tests.core.jobs.conftest import workers_of_this_process
from tests.marks import quick

Run = Callable[..., dict[str, Any]]
Ask = Callable[..., TuneRequest]


class StopsAt(JobContext):
    """A job that is cancelled once it has come to a step."""

    def __init__(self, id: str, step: int) -> None:
        super().__init__(id)
        self._step = step

    def metric(self, name: str, step: int, value: float) -> None:
        if name == "loss" and step == self._step:
            self.cancelled.set()


@pytest.mark.parametrize("method", quick(["lora", "adapter"], "lora"))
def test_a_resumed_run_is_the_straight_one(method: str, ask: Ask, run: Run) -> None:
    settings = {"dropout": 0.1, "compare_rows": 0, "samples": 0, "save_every": 100, "evaluate_every": 4}
    straight = run(ask(method, "straight", **settings), JobContext("straight"))
    stopped = StopsAt("resumed", 5)
    with pytest.raises(JobCancelled):
        run(ask(method, "resumed", **settings), stopped)
    resumed = run(ask(method, "resumed", **settings), JobContext("resumed", attempt=2))
    assert resumed["train_loss"] == pytest.approx(straight["train_loss"], abs=1e-6)
    assert resumed["eval_loss"] == pytest.approx(straight["eval_loss"], abs=1e-6)


def test_a_half_written_checkpoint_is_skipped(tmp_path: Path) -> None:
    for step in (2, 4, 6, 8):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "weights").write_bytes(b"x" * 10)
        checkpoints.seal(folder)
    (tmp_path / "checkpoint-8" / checkpoints.MARK).unlink()  # killed before the mark
    (tmp_path / "checkpoint-6" / "weights").write_bytes(b"x" * 9)  # a disk that lost something
    assert [step for step, _ in checkpoints.whole(tmp_path)] == [4, 2]


def test_a_loss_that_is_not_a_number_ends_the_run_and_keeps_the_last_state(
    ask: Ask, run: Run, folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from core.tuning.training import losses, trainer

    calls = 0

    def breaks(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        found = losses.cross_entropy(*given)
        return found * torch.nan if calls == 6 else found

    monkeypatch.setattr(trainer, "cross_entropy", breaks)
    with pytest.raises(LoupeError, match=r"loss at step 6 is not a finite number; the state of step 4 is kept"):
        run(ask(compare_rows=0, samples=0, save_every=2, evaluate_every=100))
    assert [step for step, _ in checkpoints.whole(folder())] == [4, 2]


@pytest.mark.parametrize(("broken", "said"), [("gradient", "The gradient norm at step 6"),
                                               ("weight", "A trained weight at step 6")])  # fmt: skip
def test_a_checkpoint_that_would_be_no_use_is_not_kept(
    broken: str, said: str, ask: Ask, run: Run, folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of step 6 is a number, and what it would leave behind is none."""
    import torch

    from core.tuning.training import losses, trainer

    calls = 0

    def breaks(logits: Any, *given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 6 and broken == "gradient":
            logits.register_hook(lambda gradient: gradient * torch.inf)
        return losses.cross_entropy(logits, *given)

    def overflows(model: Any, *given: Any) -> None:
        if calls == 6 and broken == "weight":
            weight = next(each for each in model.parameters() if each.requires_grad)
            weight.detach().view(-1)[3] = torch.inf
        saved(model, *given)

    saved = checkpoints.save_trained
    request = ask(compare_rows=0, samples=0, save_every=2, evaluate_every=100)
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "cross_entropy", breaks)
        patch.setattr(checkpoints, "save_trained", overflows)
        with pytest.raises(LoupeError, match=f"{said} is not a finite number; the state of step 4 is kept"):
            run(request)
    assert [step for step, _ in checkpoints.whole(folder())] == [4, 2]
    assert run(request, JobContext("tuning", attempt=2))["steps"] == 10


def test_there_is_a_whole_checkpoint_at_every_moment(
    ask: Ask, run: Run, folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half-written ones of a killed process count for nothing and are gone; none goes before the next is sealed."""
    request = ask(compare_rows=0, samples=0, save_every=2, evaluate_every=100)
    with pytest.raises(JobCancelled):
        run(request, StopsAt("tuning", 3))
    for step in (5, 7):
        (folder() / f"checkpoint-{step}").mkdir()
        (folder() / f"checkpoint-{step}" / "half").write_text("")
    seal, before = checkpoints.seal, []

    def sealed(checkpoint: Path) -> None:
        before.append(([step for step, _ in checkpoints.whole(folder())], checkpoint.name))
        seal(checkpoint)

    monkeypatch.setattr(checkpoints, "seal", sealed)
    monkeypatch.setattr(checkpoints, "KEPT", 1)
    with pytest.raises(JobCancelled):
        run(request, StopsAt("tuning", 7))
    assert before == [([4], "checkpoint-6"), ([6], "checkpoint-8")]
    assert [each.name for each in folder().glob("checkpoint-*")] == ["checkpoint-8"]


def test_a_job_killed_after_its_result_was_written_comes_to_its_end(ask: Ask, run: Run) -> None:
    request = ask(compare_rows=0, samples=0)
    first = run(request)
    again = run(request, JobContext("tuning", attempt=2))
    assert (again["path"], again["train_loss"]) == (first["path"], first["train_loss"])
    with pytest.raises(LoupeError, match="There is already something named tuned"):
        run(request, JobContext("another"))


@pytest.mark.slow
def test_kill_9_at_random_moments(ask: Ask, run: Run) -> None:
    """The job's worker is killed three times; the curve is that of a run that was left alone."""
    settings = {"epochs": 12, "compare_rows": 0, "samples": 0, "save_every": 2, "evaluate_every": 20, "dropout": 0.1}
    straight = run(ask("lora", "straight", **settings), JobContext("straight"))
    job_id = start.start(ask("lora", "killed", **settings))
    chance = random.Random(7)
    for _ in range(3):
        goal = jobs.get(job_id).done + chance.randint(3, 9)
        deadline = time.monotonic() + 240
        while (view := jobs.get(job_id)).active and view.done < goal and time.monotonic() < deadline:
            time.sleep(0.05)
        if not view.active:
            break
        [worker] = workers_of_this_process()
        os.kill(worker, signal.SIGKILL)
        while jobs.get(job_id).active:
            time.sleep(0.05)
        assert jobs.get(job_id).status == "interrupted"
        jobs.resume(job_id)
    ended = jobs.wait(job_id, 300)
    assert ended.status == "finished", ended.error
    assert ended.result["train_loss"] == pytest.approx(straight["train_loss"], abs=1e-6)
