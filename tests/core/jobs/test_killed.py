"""kill -9 at any moment, of a worker, of the server that started it, of both: nothing is lost, doubled, left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.store import jobs as store
from tests.core.jobs.conftest import alive, ended, until, worker_pid, workers_of_this_process
from tests.core.jobs.counting import counted

ROOT = Path(__file__).parents[3]
ROUNDS = 10


@contextmanager
def server(*wanted: tuple[str, dict[str, Any], bool]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A server that has started jobs, and their ids."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.core.jobs.server", json.dumps(wanted)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_a_worker_killed_ten_times_counts_everything_once(tmp_path: Path) -> None:
    path, moments = tmp_path / "counts", random.Random(19)
    request = {"file": str(path), "to": 150, "pause_s": 0.02, "child": True}
    job_id = jobs.start("count", "Count", request)
    killed = 0
    for attempt in range(1, ROUNDS + 1):
        if attempt % 2:  # from the moment its process is there, before it has said so
            until(workers_of_this_process)
            [pid] = workers_of_this_process()
        else:  # while it counts
            pid = worker_pid(job_id)
        time.sleep(moments.uniform(0, 0.6))
        if not alive(pid):
            break
        kill(pid)
        killed += 1
        job = ended(job_id)
        assert (job.status, job.attempt) == ("interrupted", attempt)
        assert job.error is not None and job.error.startswith("Interrupted")
        assert job.done <= len(counted(path)) <= 150
        if path.with_suffix(".child").exists():
            until(lambda: not alive(int(path.with_suffix(".child").read_text())))
        until(lambda: not workers_of_this_process())
        jobs.resume(job_id)
    job = ended(job_id)
    assert killed == ROUNDS
    assert (job.status, job.done, job.result) == ("finished", 150, {"counted": 150})
    assert counted(path) == list(range(150))


def test_an_interrupted_job_says_where(tmp_path: Path) -> None:
    job_id = jobs.start("count", "Count", {"file": str(tmp_path / "counts"), "to": 5000, "pause_s": 0.01})
    until(lambda: jobs.get(job_id).done)
    kill(worker_pid(job_id))
    job = ended(job_id)
    assert job.error == f"Interrupted at {job.done:,.0f} of 5,000 counts; resume it to do the rest."


@pytest.mark.parametrize("both", [False, True])
def test_a_killed_server_takes_its_workers_and_theirs_along(tmp_path: Path, both: bool) -> None:
    path = tmp_path / "counts"
    request = {"file": str(path), "to": 100_000, "pause_s": 0.01, "stubborn": True, "child": True}
    waiting = [("odd", {"how": "gate", "file": "/nowhere"}, True) for _ in range(2)]
    with server(("count", request, True), *waiting) as (process, ids):
        until(lambda: jobs.get(ids[0]).done > 3)
        worker, child = worker_pid(ids[0]), int(path.with_suffix(".child").read_text())
        assert [jobs.get(job_id).place for job_id in ids] == [None, 1, 2]
        kill(*[process.pid, worker][: 1 + both])
        until(lambda: not alive(worker))
        before = counted(path)
        process.wait()
        views = [jobs.get(job_id) for job_id in ids]
        assert [view.status for view in views] == ["interrupted"] * 3
        assert "Interrupted at" in (views[0].error or "") and "of 100,000 counts" in (views[0].error or "")
        assert views[1].error == "Interrupted before it began; resume it to do the rest."
        until(lambda: not alive(child))  # whoever looked has ended what was left of the session
        assert counted(path) == before == list(range(len(before)))
        jobs.resume(ids[1])  # the queue does not wait for the dead
        until(lambda: jobs.get(ids[1]).status == "running")


def test_servers_share_one_queue_and_see_each_others_jobs(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    wants = ("odd", {"how": "gate", "file": str(gate)}, True)
    with server(wants) as (_, [first]), server(wants) as (_, [second]):
        until(lambda: jobs.get(first).status == "running")
        third = jobs.start(wants[0], "third", wants[1], accelerator=True)
        assert [jobs.get(job_id).place for job_id in (first, second, third)] == [None, 1, 2]
        jobs.cancel(second)  # of another server
        assert [jobs.get(job_id).place for job_id in (first, second, third)] == [None, None, 1]
        gate.touch()
        one, three = ended(first), ended(third)
        assert (one.status, three.status) == ("finished", "finished")
        assert one.ended_at is not None and three.started_at is not None and one.ended_at <= three.started_at


def test_a_job_of_another_server_is_cancelled_from_here(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    with server(("count", {"file": str(path), "to": 100_000, "pause_s": 0.02}, False)) as (_, [job_id]):
        until(lambda: jobs.get(job_id).done > 3)
        pid = worker_pid(job_id)
        jobs.cancel(job_id)
        assert ended(job_id).status == "cancelled"
        until(lambda: not alive(pid))


def test_a_worker_whose_job_was_given_up_ends_itself(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    job_id = jobs.start("count", "Count", {"file": str(path), "to": 100_000, "stubborn": True})
    until(lambda: jobs.get(job_id).done > 3)
    pid = worker_pid(job_id)
    store.change(job_id, was=["running"], status="interrupted", worker=None)  # as another machine might
    until(lambda: not alive(pid))
    assert jobs.get(job_id).status == "interrupted"


def test_nobody_but_a_starter_can_run_a_worker(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job_id = jobs.start("odd", "Gate", {"how": "gate", "file": str(gate)})
    worker_pid(job_id)
    for said in ("", "\n", json.dumps({"job": job_id, "owner": "me", "attempt": 1, "module": "antigravity"}) + "\n"):
        second = subprocess.run(
            [sys.executable, "-m", "core.jobs.worker", job_id], input=said, text=True, cwd=ROOT, capture_output=True
        )
        assert second.returncode != 0
    gate.touch()
    assert ended(job_id).status == "finished"
