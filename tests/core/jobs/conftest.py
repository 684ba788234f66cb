"""What tests of jobs share: kinds of their own, and no worker left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import jobs
from core.jobs import kinds
from core.store import jobs as store

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kinds that only tests know; at the end no worker is left."""
    monkeypatch.setitem(kinds.KINDS, "count", "tests.core.jobs.counting")
    monkeypatch.setitem(kinds.KINDS, "odd", "tests.core.jobs.odd")
    yield
    for job in jobs.list_jobs(limit=1000):
        if job.active:
            store.change(job.id, was=store.ACTIVE, status="cancelled", worker=None)  # its worker ends itself
    until(lambda: not workers_of_this_process())


def until(true: Callable[[], object]) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def workers_of_this_process() -> list[int]:
    """Process ids of living workers that this process started."""
    from core.jobs.starter import get_starter

    return list(get_starter()._workers)


def alive(pid: int) -> bool:
    """Whether a process lives; what is left of a dead one that nobody waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def worker_pid(job_id: str) -> int:
    """The process id of the worker that a job's row names, once it does."""
    until(lambda: (store.get(job_id).worker or "").endswith(" worker"))
    return int((store.get(job_id).worker or "").split(" ")[1])


def ended(job_id: str) -> jobs.JobView:
    """The job once it has ended."""
    job = jobs.wait(job_id, PATIENCE_S)
    assert not job.active, (job, jobs.log_tail(job_id), os.listdir())
    return job
