"""A job as pages and the command line show it. Knows nothing of how it is done or watched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.store import jobs as store
from core.store.jobs import JobRow, JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job at this moment."""

    id: str
    kind: str
    title: str
    status: JobStatus
    attempt: int
    accelerator: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    done: float
    total: float | None
    unit: str
    rate: float | None
    """Units per second, of late."""
    eta_s: float | None
    note: str
    error: str | None
    """One sentence on why it failed or where it was interrupted."""
    stopping: bool
    """Somebody asked it to stop, and it has not yet."""
    place: int | None = None
    """1: next, of those that wait for the same (the accelerator, or a free worker); `None` unless it waits."""
    silent_s: float | None = None
    """Seconds since its worker last reported; `None` unless it runs."""
    request: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    """What it came to; while it runs and where it stopped early, what it came to so far."""

    @property
    def active(self) -> bool:
        """It waits or runs."""
        return self.status in store.ACTIVE

    @property
    def resumable(self) -> bool:
        """It ended before it was done."""
        return self.status in ("interrupted", "failed", "cancelled")

    def as_json(self) -> dict[str, Any]:
        """All fields as one JSON document; times are ISO 8601 in UTC."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def view_of(row: JobRow, waiting: Sequence[JobRow]) -> JobView:
    """The view of a settled row.

    Args:
        row: the job.
        waiting: every job that waits, oldest first.
    """
    running = row.status == "running"
    ahead = [each.id for each in waiting if each.accelerator == row.accelerator]
    heard = row.heartbeat_at or row.started_at
    return JobView(
        id=row.id,
        kind=row.kind,
        title=row.title,
        status=row.status,
        attempt=row.attempt,
        accelerator=row.accelerator,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        done=row.done,
        total=row.total,
        unit=row.unit,
        rate=row.rate if running else None,
        eta_s=row.eta_s if running else None,
        note=row.note,
        error=row.error,
        stopping=running and row.cancel_requested,
        place=ahead.index(row.id) + 1 if row.status == "queued" and row.id in ahead else None,
        silent_s=max((datetime.now(UTC) - heard).total_seconds(), 0.0) if running and heard else None,
        request=_document(row.request),
        result=_document(row.result),
    )


def oldest_first(rows: Iterable[JobRow]) -> list[JobRow]:
    """Those that wait, in the order in which they will be taken."""
    return sorted((row for row in rows if row.status == "queued"), key=lambda row: (row.created_at, row.id))


def _document(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
