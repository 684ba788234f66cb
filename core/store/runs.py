"""The repository of runs: write, read, list, delete; plain SQL that SQLite and PostgreSQL both understand.

Knows nothing of what a request or a result holds: both are JSON documents. Knows nothing of runs in progress beyond the
process that owns them, `core.generation.runs` keeps those.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from core import __version__
from core.errors import Conflict, NotFound
from core.store.database import get_database
from core.store.tables import Run

RunStatus = Literal["running", "finished", "cancelled", "failed", "interrupted"]
STATUSES: tuple[RunStatus, ...] = ("running", "finished", "cancelled", "failed", "interrupted")
TITLE_CHARACTERS = 80
SEARCH_CHARACTERS = 1000
"""How much of a run's text can be searched: enough to recognise it, little enough to scan 100,000 runs in a moment."""
SEARCH_WORDS = 20
SEARCH_WORD_CHARACTERS = 100
"""Databases limit how long a condition may be; nobody looks for more words than these."""
_ID = re.compile(r"[0-9a-f]{20}")
_VERSIONED = ("torch", "transformers", "xllamacpp", "openai", "streamlit")
_FOREIGN_STALE = timedelta(hours=1)
_INTERRUPTED = "Loupe stopped while this was running; what had arrived is kept."


@lru_cache(maxsize=1)
def package_versions() -> str:
    """Versions of Loupe and of what computes, read from the packages' metadata without importing them."""
    found: dict[str, Any] = {"loupe": __version__}
    for package in _VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # an optional back end that is not installed has no version to note
            continue
    return json.dumps(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run without its documents: what a list shows."""

    id: str
    kind: str
    status: RunStatus
    model: str
    title: str
    created_at: datetime
    updated_at: datetime
    parent: str | None = None
    owner: str | None = None
    """Host, process id and start of the process that is working on it; `None` once it is done."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_s: float | None = None
    tokens_per_s: float | None = None
    cost_usd: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord(RunRow):
    """A whole run; `request`, `result` and `versions` are JSON documents."""

    request: str
    result: str = "{}"
    versions: str = field(default_factory=package_versions)
    search: str = ""
    """Text that finds it, see `searchable`."""


_ROW_COLUMNS = [getattr(Run, f.name) for f in fields(RunRow)]
_RECORD_COLUMNS = [getattr(Run, f.name) for f in fields(RunRecord)]


def new_id() -> str:
    """An id nobody can guess, since a link to a run is all it takes to read it."""
    return secrets.token_hex(10)


def check_id(run_id: str) -> str:
    """`run_id` itself.

    Raises:
        NotFound: it is no run id at all.
    """
    if not _ID.fullmatch(run_id):
        raise NotFound("There is no such run: a run id is 20 characters of 0-9 and a-f; open one from the Runs page.")
    return run_id


def title_of(text: str) -> str:
    """The first words of `text` on one line."""
    return _storable(" ".join(text[: 20 * TITLE_CHARACTERS].split()))[:TITLE_CHARACTERS]


def searchable(*texts: str) -> str:
    """What `list_runs(search=…)` looks through, for a run that holds `texts`: the beginning of each, case folded."""
    share = SEARCH_CHARACTERS // max(1, len(texts))
    return _storable("\n".join(text[:share] for text in texts).casefold())


def save(record: RunRecord) -> None:
    """Write the run, new or known.

    Raises:
        StoreError: the database could not be written.
    """
    values = {f.name: getattr(record, f.name) for f in fields(RunRecord)}
    values["model"] = _storable(record.model)[:500]
    with get_database().write() as session:
        known = session.execute(update(Run).where(Run.id == record.id).values(**values))
        if known.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE always yields a CursorResult
            session.add(Run(**values))


def get(run_id: str) -> RunRecord:
    """The whole run.

    Raises:
        NotFound: there is none with this id.
        StoreError: the database could not be read.
    """
    with get_database().read() as session:
        row = session.execute(select(*_RECORD_COLUMNS).where(Run.id == check_id(run_id))).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {run_id}; it may have been deleted.")
    return RunRecord(**row._asdict())


def list_runs(
    *,
    search: str = "",
    model: str | None = None,
    status: RunStatus | None = None,
    kind: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[RunRow]:
    """Runs without their documents, newest first.

    Args:
        search: words that must occur in the run's text, whatever their case; an id finds that run. The first
            `SEARCH_WORDS` count, of each the first `SEARCH_WORD_CHARACTERS`.
        model: only runs of this model reference.
        status: only runs in this state.
        kind: only runs of this kind.
        limit: most rows to return.
        offset: how many of the newest to leave out.

    Raises:
        StoreError: the database could not be read.
    """
    query = select(*_ROW_COLUMNS).where(*_conditions(search, model, status, kind))
    query = query.order_by(Run.created_at.desc(), Run.id.desc()).limit(limit).offset(offset)
    with get_database().read() as session:
        return [RunRow(**row._asdict()) for row in session.execute(query)]


def count_runs(
    *, search: str = "", model: str | None = None, status: RunStatus | None = None, kind: str | None = None
) -> int:
    """How many runs `list_runs` would return without a limit."""
    with get_database().read() as session:
        query = select(func.count()).select_from(Run).where(*_conditions(search, model, status, kind))
        return session.execute(query).scalar_one()


def iterate(run_ids: Iterable[str] | None = None) -> Iterator[RunRecord]:
    """Whole runs, newest first, a few at a time so that a large store does not fill the memory.

    Args:
        run_ids: only these; `None` is all of them.
    """
    if run_ids is None:
        with get_database().read() as session:
            ids: Sequence[str] = (
                session.execute(select(Run.id).order_by(Run.created_at.desc(), Run.id.desc())).scalars().all()
            )
    else:
        ids = [check_id(run_id) for run_id in run_ids]
    for start in range(0, len(ids), 50):
        some = ids[start : start + 50]
        query = select(*_RECORD_COLUMNS).where(Run.id.in_(some)).order_by(Run.created_at.desc(), Run.id.desc())
        with get_database().read() as session:
            records = [RunRecord(**row._asdict()) for row in session.execute(query)]
        yield from records


def models() -> list[str]:
    """The model references that runs used, sorted."""
    with get_database().read() as session:
        return list(session.execute(select(Run.model).distinct().order_by(Run.model)).scalars())


def children(run_id: str) -> list[RunRow]:
    """Runs that continue, regenerate or fork from this one, oldest first."""
    query = select(*_ROW_COLUMNS).where(Run.parent == check_id(run_id)).order_by(Run.created_at, Run.id)
    with get_database().read() as session:
        return [RunRow(**row._asdict()) for row in session.execute(query)]


def delete_runs(run_ids: Iterable[str]) -> int:
    """Delete runs and return how many there were; all or none.

    Raises:
        Conflict: one of them is still running.
        StoreError: the database could not be written.
    """
    mark_interrupted()  # a run whose process died is not running
    ids = [check_id(run_id) for run_id in run_ids]
    deleted = 0
    with get_database().write() as session:
        for start in range(0, len(ids), 500):  # databases limit how many parameters one statement takes
            some = ids[start : start + 500]
            busy = session.execute(select(Run.title).where(Run.id.in_(some), Run.status == "running").limit(1)).scalar()
            if busy is not None:
                raise Conflict(f"The run “{busy}” is still running; stop it before deleting it.")
            deleted += session.execute(delete(Run).where(Run.id.in_(some))).rowcount  # type: ignore[attr-defined]
    return deleted


def mark_interrupted() -> int:
    """Mark runs whose process is gone as interrupted and return how many there were.

    A process of another machine cannot be looked at: its run counts as gone when it was not written for an hour.

    Raises:
        StoreError: the database could not be read or written.
    """
    query = select(Run.id, Run.owner, Run.updated_at).where(Run.status == "running")
    now = datetime.now(UTC)
    with get_database().read() as session:
        gone = [id for id, owner, updated in session.execute(query) if not _alive(owner, now - updated)]
    if not gone:
        return 0
    with get_database().write() as session:
        return _interrupt(session, gone, now)


def this_process() -> str:
    """The owner that this process writes into its runs."""
    return _owner(os.getpid()) or f"{socket.gethostname()} {os.getpid()} 0"


def interrupted(record: RunRecord) -> RunRecord:
    """The record as `mark_interrupted` leaves it."""
    return replace(record, status="interrupted", owner=None, error=_INTERRUPTED)


def _interrupt(session: Session, ids: list[str], now: datetime) -> int:
    values = {"status": "interrupted", "owner": None, "error": _INTERRUPTED, "updated_at": now}
    statement = update(Run).where(Run.id.in_(ids), Run.status == "running").values(**values)
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def _alive(owner: str | None, silent: timedelta) -> bool:
    host, _, rest = (owner or "").partition(" ")
    if host != socket.gethostname():
        return silent < _FOREIGN_STALE
    return _owner(int(rest.split()[0])) == owner


def _owner(pid: int) -> str | None:
    """Host, process id and start time, since process ids are used again; `None` when there is no such process."""
    import psutil

    try:
        return f"{socket.gethostname()} {pid} {psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return None


def _conditions(search: str, model: str | None, status: str | None, kind: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if _ID.fullmatch(search.strip()):
        conditions.append(Run.id == search.strip())
    else:
        words = _storable(search.casefold()).split()[:SEARCH_WORDS]
        conditions += [Run.search.contains(word[:SEARCH_WORD_CHARACTERS], autoescape=True) for word in words]
    for column, value in ((Run.model, model), (Run.status, status), (Run.kind, kind)):
        if value is not None:
            conditions.append(column == value)
    return conditions


def _storable(text: str) -> str:
    """Text that every database takes: PostgreSQL refuses NUL, and no encoding has lone surrogates."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
