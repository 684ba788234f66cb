"""Several processes over gloo on the CPU: the curve of one, one decision for all, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from core import jobs
from core.jobs import JobContext
from core.models.child import PROJECT
from core.tuning import places, start
from core.tuning.request import TuneRequest
from core.tuning.training import launch, session
from core.tuning.training.teller import Lines, Stopped
from core.tuning.training.watching import Watch
from tests.core.jobs.conftest import until, workers_of_this_process

SAME = {"max_steps": 6, "compare_rows": 0, "samples": 0, "evaluate_every": 3}
Ask = Callable[..., TuneRequest]
Run = Callable[..., dict[str, Any]]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "strategy"), [("lora", "ddp"), ("full", "fsdp")])
def test_two_processes_are_one_with_a_batch_twice_as_large(method: str, strategy: str, ask: Ask, run: Run) -> None:
    one = run(ask(method, "one", accumulate=2, **SAME), JobContext("one"))
    two = run(ask(method, "two", processes=2, strategy=strategy, **SAME), JobContext("two"))
    assert two["train_loss"] == pytest.approx(one["train_loss"], abs=1e-5)
    assert two["eval_loss"] == pytest.approx(one["eval_loss"], abs=1e-5)


def test_the_model_is_out_of_the_way_while_processes_train_and_tuned_afterwards(
    ask: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `launch.run` starts is done here by one process."""
    loaded: list[weakref.ref[Any]] = []
    load = session.load_for

    def remembered(*args: Any) -> Any:
        model = load(*args)
        loaded.append(weakref.ref(model))
        return model

    def one_process(request: TuneRequest, folder: Path, teller: Any) -> None:
        from core.tuning.training import process

        assert [each() for each in loaded] == [None]
        alone = request.settings.model_copy(update={"processes": 1, "strategy": "none", "accumulate": 2})
        (folder / "request.json").write_text(request.model_copy(update={"settings": alone}).model_dump_json())
        assert process.main(folder) == 0

    settings = {**SAME, "compare_rows": 4, "learning_rate": 5e-3}
    one = run(ask(name="one", accumulate=2, **settings), JobContext("one"))
    monkeypatch.setattr(session, "load_for", remembered)
    monkeypatch.setattr(launch, "run", one_process)
    two = run(ask(name="two", processes=2, strategy="ddp", **settings), JobContext("two"))
    assert len(loaded) == 3  # for the base's answers, in the process, for the tuned model's
    assert two["train_loss"] == pytest.approx(one["train_loss"], abs=1e-6)
    first, second = one["comparison"]["loss"], two["comparison"]["loss"]
    assert (second["base"], second["tuned"]) == pytest.approx((first["base"], first["tuned"]), abs=1e-6)
    assert second["tuned"] < second["base"]


def decide(folder: Path, rank: int) -> None:
    """One of two processes of a run, of which only the second finds that it shall stop."""
    import torch
    from torch import distributed

    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    teller = Lines(folder / str(rank), speaks=False)
    watch = Watch(teller, 5, tokens=lambda step: 0, memory=lambda: 0.0)
    control = SimpleNamespace(should_save=False, should_training_stop=False)
    watch.on_step_end(SimpleNamespace(device=torch.device("cpu")), SimpleNamespace(global_step=1), control)
    stops = control.should_save and control.should_training_stop and isinstance(watch.error, Stopped)
    (folder / f"said-{rank}").write_text(str(stops))


def test_all_processes_stop_where_one_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "stop").touch()
    here = "tests.core.tuning.training.test_processes"
    program = f"import sys; from {here} import decide, Path; decide(Path(sys.argv[1]), int(sys.argv[2]))"
    words = [sys.executable, "-c", program, str(tmp_path)]
    both = [subprocess.Popen([*words, str(rank)], cwd=PROJECT) for rank in range(2)]
    assert [each.wait(240) for each in both] == [0, 0]
    assert [(tmp_path / f"said-{rank}").read_text() for rank in range(2)] == ["True", "True"]


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["worker", "launcher"])
def test_no_process_outlives_its_job(killed: str, ask: Ask) -> None:
    job_id = start.start(ask(processes=2, strategy="ddp", **{**SAME, "max_steps": 100_000}))
    mark = str(places.run_folder(job_id))

    def trains() -> list[psutil.Process]:
        return [each for each in psutil.process_iter(["cmdline"]) if mark in (each.info["cmdline"] or ())]

    def launchers() -> list[int]:
        return [each.pid for each in trains() if "torch.distributed.run" in each.info["cmdline"]]

    deadline = time.monotonic() + 240
    while jobs.get(job_id).done < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(trains()) == 3
    [pid] = workers_of_this_process() if killed == "worker" else launchers()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not trains())
    assert jobs.wait(job_id, 60).status == ("interrupted" if killed == "worker" else "failed")
