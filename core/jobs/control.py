"""Start, watch, stop, resume and delete jobs: what pages, the command line and other parts of core call.

Every look at a job looks at its worker too (`core.jobs.truth`). Knows nothing of what a job does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from core.errors import Conflict, NotFound
from core.events import Event, Failed, Finished, Metric, Progress
from core.jobs import kinds, log_files, processes, truth
from core.jobs.starter import get_starter
from core.jobs.view import JobView, oldest_first, view_of
from core.jobs.words import printable
from core.store import jobs as store
from core.store.jobs import JobRow, JobStatus, MetricRow
from core.store.runs import new_id, title_of

FOLLOW_EVERY_S = 0.25
ALL = 10_000
"""More jobs than can wait."""


def start(kind: str, title: str, request: dict[str, Any], *, accelerator: bool = False) -> str:
    """Store a job and have it done by a worker process as soon as it is its turn; its id.

    It lives no longer than this process.

    Args:
        kind: one of `core.jobs.kinds.KINDS`.
        title: what a person calls it.
        request: a JSON document that the kind's `run` gets, now and at every resume. No secrets: it is stored.
        accelerator: one such job runs at a time on this machine, in the order in which they were started.

    Raises:
        InvalidInput: there is no such kind.
        StoreError: the store cannot be written; nothing was started.
    """
    kinds.module_of(kind)
    now = datetime.now(UTC)
    row = JobRow(
        id=new_id(),
        kind=kind,
        title=title_of(printable(title)),
        created_at=now,
        updated_at=now,
        heartbeat_at=now,
        accelerator=accelerator,
        worker=processes.this_process("starter"),
        request=json.dumps(request, allow_nan=False),
    )
    store.create(row)
    get_starter().add(row.id)
    return row.id


def resume(job_id: str) -> None:
    """Have a job that ended early done by a new worker of this process; the kind does only what is missing.

    Raises:
        NotFound: there is no such job.
        Conflict: it waits, runs or is done.
        StoreError: the store cannot be written.
    """
    row = _row(job_id)
    kinds.module_of(row.kind)
    if not view_of(row, []).resumable:
        state = "is done already" if row.status == "finished" else f"is {row.status} already"
        raise Conflict(f"The job “{row.title}” {state}; only one that ended early can be resumed.")
    now = datetime.now(UTC)
    fresh: dict[str, Any] = {
        "status": "queued",
        "attempt": row.attempt + 1,
        "worker": processes.this_process("starter"),
    }
    fresh |= {"error": None, "ended_at": None, "started_at": None, "cancel_requested": False, "note": ""}
    seen: list[JobStatus] = [row.status]
    if not store.change(job_id, was=seen, attempt_was=row.attempt, **fresh, updated_at=now, heartbeat_at=now):
        raise Conflict(f"Somebody else has just resumed or deleted the job “{row.title}”; look again.")
    get_starter().add(job_id)


def cancel(job_id: str) -> None:
    """Ask a job to stop, which it does at once while it waits, else within ten seconds; one that has ended stays.

    Returns without waiting for it. What it has completed stays, and it can be resumed.

    Raises:
        NotFound: there is no such job.
        StoreError: the store cannot be written.
    """
    row = _row(job_id)
    now = datetime.now(UTC)
    stopped: dict[str, Any] = {"status": "cancelled", "worker": None, "ended_at": now, "updated_at": now}
    if row.status == "queued" and store.change(job_id, was=["queued"], **stopped):
        return
    if not row.cancel_requested:  # a second click must not lengthen the grace
        store.change(job_id, was=["running"], cancel_requested=True, updated_at=now)


def delete(job_id: str) -> None:
    """Delete a job that has ended, with its metrics, its log and what its kind keeps about it; what it made stays.

    Raises:
        NotFound: there is no such job.
        Conflict: it waits or runs.
        StoreError: the store cannot be written.
    """
    row = _row(job_id)
    if not store.remove(job_id):
        raise Conflict(f"The job “{row.title}” is {row.status}; cancel it before deleting it.")
    log_files.remove(job_id)
    kinds.forget(row.kind, job_id)


def get(job_id: str) -> JobView:
    """The job at this moment.

    Raises:
        NotFound: there is no such job.
        StoreError: the store cannot be read.
    """
    row = _row(job_id)
    return view_of(row, _waiting() if row.status == "queued" else [])


def list_jobs(
    kind: str | None = None, status: JobStatus | None = None, limit: int = 100, *, documents: bool = True
) -> list[JobView]:
    """Jobs, newest first.

    Args:
        kind: only of this kind.
        status: only in this state.
        limit: most to return.
        documents: with `False` request and result are left out (`{}`): lighter, where a page asks every second.

    Raises:
        StoreError: the store cannot be read.
    """
    active = truth.settle(store.rows(statuses=store.ACTIVE, limit=ALL, documents=False))  # first: statuses may change
    waiting = oldest_first(active)
    rows = store.rows(kind=kind, statuses=None if status is None else [status], limit=limit, documents=documents)
    rows = [row for row in truth.settle(rows) if status is None or row.status == status]
    return [view_of(row, waiting) for row in rows]


def metrics(job_id: str, after: int = 0) -> list[MetricRow]:
    """Measured values with an id above `after`, in the order they came.

    Raises:
        StoreError: the store cannot be read.
    """
    return store.metrics(job_id, after)


def log_tail(job_id: str, lines: int = 200) -> str:
    """The last lines of what the worker printed, secrets blanked; "" where there is none.

    Raises:
        NotFound: there is no such job.
        StoreError: the log or the store cannot be read.
    """
    return log_files.tail(store.get(job_id).id, lines)


def follow(job_id: str) -> Iterator[Event]:
    """`Progress` and `Metric` as they change, then `Finished`, or `Failed` for any other end; `get` tells which.

    Raises:
        NotFound: there is no such job, or it was deleted meanwhile.
        StoreError: the store cannot be read.
    """
    after, last = 0, None
    while True:
        job = get(job_id)
        now = Progress(job.done, job.total, job.unit, job.rate, job.eta_s, job.note)
        if now != last and job.started_at is not None:
            yield now
            last = now
        for row in metrics(job_id, after):
            yield Metric(row.name, row.step, row.value)
            after = row.id
        if not job.active:
            break
        time.sleep(FOLLOW_EVERY_S)
    if job.status == "finished":
        seconds = (job.ended_at - job.started_at).total_seconds() if job.ended_at and job.started_at else 0.0
        yield Finished(None, 0, None, seconds)
    else:
        yield Failed(job.error or f"The job “{job.title}” was {job.status}.", "LoupeError")


def wait(job_id: str, timeout_s: float | None = None) -> JobView:
    """The job once it has ended, or as it is after `timeout_s` seconds.

    Raises:
        NotFound: there is no such job.
        StoreError: the store cannot be read.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while (job := get(job_id)).active and (deadline is None or time.monotonic() < deadline):
        time.sleep(FOLLOW_EVERY_S / 2)
    return job


def _row(job_id: str) -> JobRow:
    if len(job_id) > 32:
        raise NotFound(f"There is no job {job_id[:32]!r}…; an id has 20 characters of 0-9 and a-f.")
    for row in truth.settle([store.get(job_id)]):
        return row
    return store.get(job_id)  # it has just been deleted: say so


def _waiting() -> list[JobRow]:
    rows = store.rows(statuses=["queued"], limit=ALL, documents=False)
    return oldest_first(truth.settle(rows))
