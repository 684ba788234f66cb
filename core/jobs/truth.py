"""Whether what a job's row says still holds: whoever looks at a job, looks at its worker too.

A worker that died could not say so. A job that runs, and whose worker is gone, is interrupted, and so is one that waits
and whose starter is gone; one that was asked to stop and has not after ten seconds is stopped by whoever looks.
Knows nothing of how jobs are started.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import LoupeError, NotFound
from core.jobs import processes
from core.jobs.words import count
from core.log import get_log
from core.store import jobs as store
from core.store.jobs import JobRow, JobStatus

GRACE_S = 10.0
"""How long a job that was asked to stop may take to do so by itself."""
FOREIGN_SILENCE = timedelta(seconds=90)
"""A process of another machine cannot be looked at: it counts as gone after this long without a heartbeat."""


def holds(row: JobRow) -> bool:
    """Whether the process that the row names still works on it, or waits with it."""
    if row.worker is None:
        return False
    if processes.is_here(row.worker):
        return processes.is_alive(row.worker)
    return datetime.now(UTC) - (row.heartbeat_at or row.updated_at) < FOREIGN_SILENCE


def settle(rows: Iterable[JobRow]) -> list[JobRow]:
    """The rows as they truly are; what had changed is written into the store. A job deleted meanwhile is left out.

    A store that cannot be written now is no reason to show a lie: the row is returned as it should be.

    Raises:
        StoreError: the store could not be read.
    """
    settled = (_settled(row) if row.status in store.ACTIVE else row for row in rows)
    return [row for row in settled if row is not None]


def outcome(row: JobRow, *, stopped: bool = False) -> dict[str, Any]:
    """The columns of a job whose worker is gone before its end.

    Args:
        row: the job as it was.
        stopped: somebody wanted that.
    """
    now = datetime.now(UTC)
    status: JobStatus = "cancelled" if stopped or row.cancel_requested else "interrupted"
    values: dict[str, Any] = {"status": status, "worker": None, "ended_at": now, "updated_at": now}
    values |= {"rate": None, "eta_s": None, "cancel_requested": False}
    return values | {"error": None if status == "cancelled" else f"Interrupted{_where(row)}; resume it to do the rest."}


def overdue(row: JobRow) -> bool:
    """Whether it was asked to stop and has had its time."""
    asked = row.status == "running" and row.cancel_requested
    return asked and datetime.now(UTC) - row.updated_at > timedelta(seconds=GRACE_S)


def _where(row: JobRow) -> str:
    if row.started_at is None:
        return " before it began"
    if row.total is None and not row.done:
        return ""
    of = f" of {count(row.total)}" if row.total is not None else ""
    return f" at {count(row.done)}{of}{f' {row.unit}' if row.unit else ''}"


def _settled(row: JobRow) -> JobRow | None:
    late = overdue(row) and processes.is_here(row.worker)
    if holds(row) and not late:
        return row
    values = outcome(row, stopped=late)
    try:
        # The row first: a worker that has just finished has said so, and then nothing is to be ended.
        seen: dict[str, Any] = {"worker_was": row.worker, "attempt_was": row.attempt}
        if not store.change(row.id, was=[row.status], **seen, **values):
            return store.get(row.id)
    except NotFound:
        return None
    except LoupeError as error:
        get_log().warning("job %s cannot be marked as %s: %s", row.id, values["status"], error)
    processes.end_worker(row.worker)
    return replace(row, **values)
