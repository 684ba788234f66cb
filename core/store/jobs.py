"""The repository of jobs and their metrics: write, read, list, claim, delete; plain SQL for SQLite and PostgreSQL.

Knows nothing of processes beyond the name that a row gives its worker, and nothing of what a request or a result holds:
both are JSON documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.store.database import get_database
from core.store.tables import Job, JobMetric

JobStatus = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
STATUSES: tuple[JobStatus, ...] = ("queued", "running", "finished", "failed", "cancelled", "interrupted")
ACTIVE: tuple[JobStatus, ...] = ("queued", "running")
Claim = Literal["claimed", "waiting", "gone"]
UNIT_CHARACTERS, NAME_CHARACTERS, TEXT_CHARACTERS = 32, 64, 4000
_CLAIM_LOCK = 0x10094  # any number, the same in every process


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job as it is stored; `request` and `result` are JSON documents."""

    id: str
    kind: str
    title: str
    created_at: datetime
    updated_at: datetime
    """When a person or a status last changed it; progress does not count."""
    request: str
    status: JobStatus = "queued"
    accelerator: bool = False
    attempt: int = 1
    cancel_requested: bool = False
    worker: str | None = None
    """Who holds it: while it waits, the process that started it; then its worker; `None` once it has ended."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    heartbeat_at: datetime | None = None
    done: float = 0.0
    total: float | None = None
    unit: str = ""
    rate: float | None = None
    eta_s: float | None = None
    note: str = ""
    error: str | None = None
    result: str = "{}"


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One measured value of a job; `id` grows in the order they came."""

    id: int
    name: str
    step: int
    value: float
    at: datetime


_COLUMNS = [getattr(Job, each.name) for each in fields(JobRow)]
_LIGHT = [getattr(Job, each.name) for each in fields(JobRow) if each.name not in ("request", "result")]


def create(row: JobRow) -> None:
    """Write a new job.

    Raises:
        StoreError: the database could not be written.
    """
    with get_database().write() as session:
        session.add(Job(**asdict(row)))


def get(job_id: str) -> JobRow:
    """The whole row.

    Raises:
        NotFound: there is no such job.
        StoreError: the database could not be read.
    """
    with get_database().read() as session:
        row = session.execute(select(*_COLUMNS).where(Job.id == storable(job_id, 32))).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id[:32]!r}; loupe jobs list and the Jobs page show those there are.")
    return JobRow(**row._asdict())


def rows(
    *,
    kind: str | None = None,
    statuses: Sequence[str] | None = None,
    limit: int = 100,
    documents: bool = True,
) -> list[JobRow]:
    """Jobs, newest first; without `documents` their request and result are left out, which may be large.

    Raises:
        StoreError: the database could not be read.
    """
    query = select(*(_COLUMNS if documents else _LIGHT)).order_by(Job.created_at.desc(), Job.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(Job.kind == kind)
    if statuses is not None:
        query = query.where(Job.status.in_(statuses))
    empty: dict[str, Any] = {} if documents else {"request": "{}", "result": "{}"}
    with get_database().read() as session:
        return [JobRow(**row._asdict(), **empty) for row in session.execute(query)]


def change(
    job_id: str,
    *,
    was: Iterable[JobStatus],
    worker_was: str | None = None,
    attempt_was: int | None = None,
    **values: Any,
) -> bool:
    """Change a job if it is still what the caller saw; whether it was.

    Args:
        job_id: which.
        was: statuses of which it must have one.
        worker_was: the worker it must have; `None`: any.
        attempt_was: the attempt it must be at; `None`: any.
        values: columns to set.

    Raises:
        StoreError: the database could not be written.
    """
    statement = update(Job).where(Job.id == job_id, Job.status.in_(tuple(was)))
    if worker_was is not None:
        statement = statement.where(Job.worker == worker_was)
    if attempt_was is not None:
        statement = statement.where(Job.attempt == attempt_was)
    with get_database().write() as session:
        return bool(session.execute(statement.values(**values)).rowcount)  # type: ignore[attr-defined]


def report(job_id: str, worker: str, metrics: Sequence[tuple[str, int, float]], values: dict[str, Any]) -> bool | None:
    """What a worker has to tell, in one transaction; whether somebody asked it to stop.

    Returns:
        `None` when the job is no longer this worker's: nothing was written.

    Raises:
        StoreError: the database could not be written; nothing was.
    """
    now = datetime.now(UTC)
    mine = (Job.id == job_id, Job.status == "running", Job.worker == worker)
    with get_database().write() as session:
        known = session.execute(update(Job).where(*mine).values(**{"heartbeat_at": now, **values}))
        if known.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE always yields a CursorResult
            return None
        if metrics:
            entries = [
                {"job": job_id, "at": now, "name": storable(name, NAME_CHARACTERS), "step": step, "value": value}
                for name, step, value in metrics
            ]
            session.execute(insert(JobMetric), entries)
        return bool(session.execute(select(Job.cancel_requested).where(Job.id == job_id)).scalar())


def asked_to_stop(job_id: str, worker: str) -> bool | None:
    """As `report` returns it, without writing."""
    with get_database().read() as session:
        query = select(Job.cancel_requested).where(Job.id == job_id, Job.status == "running", Job.worker == worker)
        return session.execute(query).scalar()


def claim(job_id: str, owner: str, limit: int, alive: Callable[[JobRow], bool]) -> Claim:
    """Let a waiting job of `owner` run if it is its turn: of its lane on this machine, the oldest go first.

    One transaction at a time: no two processes can take the same place.

    Args:
        job_id: which.
        owner: who started it: host, process id, start.
        limit: how many of its lane (with or without accelerator) may run at once on this machine.
        alive: whether a job's worker, or whoever waits with it, still is.

    Raises:
        StoreError: the database could not be read or written.
    """
    with get_database().read() as session:  # a look costs no lock: most are in vain
        verdict = _verdict(session, job_id, owner, limit, alive)
    if verdict != "claimed":
        return verdict
    now = datetime.now(UTC)
    with get_database().write() as session:
        _one_at_a_time(session)
        verdict = _verdict(session, job_id, owner, limit, alive)
        if verdict == "claimed":
            values = {"status": "running", "started_at": now, "heartbeat_at": now, "updated_at": now}
            session.execute(update(Job).where(Job.id == job_id).values(**values))
    return verdict


def metrics(job_id: str, after: int = 0, limit: int | None = None) -> list[MetricRow]:
    """Metrics of a job with an id above `after`, in the order they came.

    Raises:
        StoreError: the database could not be read.
    """
    columns = [JobMetric.id, JobMetric.name, JobMetric.step, JobMetric.value, JobMetric.at]
    query = select(*columns).where(JobMetric.job == job_id, JobMetric.id > after).order_by(JobMetric.id).limit(limit)
    with get_database().read() as session:
        return [MetricRow(**row._asdict()) for row in session.execute(query)]


def remove(job_id: str) -> bool:
    """Delete a job that has ended, with its metrics; `False`, and nothing deleted, while it waits or runs.

    Raises:
        StoreError: the database could not be written.
    """
    with get_database().write() as session:
        busy = session.execute(
            select(func.count()).select_from(Job).where(Job.id == job_id, Job.status.in_(ACTIVE))
        ).scalar_one()
        if busy:
            return False
        session.execute(delete(JobMetric).where(JobMetric.job == job_id))
        session.execute(delete(Job).where(Job.id == job_id))
    return True


def storable(words: str, characters: int = TEXT_CHARACTERS) -> str:
    """Text that every database takes, cut to fit: PostgreSQL refuses NUL, and no encoding has lone surrogates."""
    return words[:characters].replace("\0", "�").encode("utf-8", "replace").decode()


def _verdict(session: Session, job_id: str, owner: str, limit: int, alive: Callable[[JobRow], bool]) -> Claim:
    """What `claim` would come to."""
    host = owner.split(" ", 1)[0]
    query = select(*_LIGHT).where(Job.status.in_(ACTIVE)).order_by(Job.created_at, Job.id)
    active = [JobRow(**row._asdict(), request="{}") for row in session.execute(query)]
    mine = next((row for row in active if row.id == job_id and row.status == "queued" and row.worker == owner), None)
    if mine is None:
        return "gone"
    lane = [row for row in active if row.accelerator == mine.accelerator and (row.worker or "").startswith(f"{host} ")]
    lane = [row for row in lane if alive(row)]
    free = limit - sum(row.status == "running" for row in lane)
    waiting = [row.id for row in lane if row.status == "queued"]
    return "claimed" if job_id in waiting[: max(free, 0)] else "waiting"


def _one_at_a_time(session: Session) -> None:
    """SQLite's write lock keeps others out already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
