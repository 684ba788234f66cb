"""The repository of prompt versions and labels: append, read, point at; plain SQL for SQLite and PostgreSQL.

A version is the bytes of a file. Knows nothing of folders or of what a prompt file holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.store.database import get_database
from core.store.tables import PromptLabel, PromptVersion

Origin = Literal["page", "disk", "import", "shipped"]
"""Who made a version: a person in Loupe, an editor or git, an uploaded file, Loupe itself."""
MESSAGE_CHARACTERS = 500
_LOCK = 0x10094  # any number, the same in every process


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version without its content."""

    prompt: str
    number: int
    created_at: datetime
    digest: str
    suffix: str
    """Ending of the file's name, which says its format."""
    origin: Origin
    size: int
    """Bytes."""
    message: str


_COLUMNS = [getattr(PromptVersion, each.name) for each in fields(VersionRow)]


def append(
    prompt: str,
    content: bytes,
    *,
    digest: str,
    suffix: str,
    origin: Origin,
    message: str = "",
    before_commit: Callable[[], None] | None = None,
) -> VersionRow:
    """Add a version and return it; the newest one if it has this content already.

    Args:
        prompt: the prompt's name.
        content: the whole file.
        digest: of the content.
        suffix: ending of the file's name.
        origin: who made it.
        message: why, for people.
        before_commit: called last, inside the transaction: what it raises leaves no version behind.

    Raises:
        StoreError: the database could not be written.
    """
    with get_database().write() as session:
        if session.get_bind().dialect.name == "postgresql":  # SQLite lets one transaction write at a time anyway
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        row = _newest(session, prompt)
        if row is None or (row.digest, row.suffix) != (digest, suffix):
            row = VersionRow(
                prompt=prompt,
                number=row.number + 1 if row else 1,
                created_at=datetime.now(UTC),
                digest=digest,
                suffix=suffix,
                origin=origin,
                size=len(content),
                message=_storable(message)[:MESSAGE_CHARACTERS],
            )
            session.add(PromptVersion(**{each.name: getattr(row, each.name) for each in fields(row)}, content=content))
            session.flush()
        if before_commit is not None:
            before_commit()
    return row


def newest(prompt: str) -> VersionRow | None:
    """The newest version; `None` for a prompt without any."""
    with get_database().read() as session:
        return _newest(session, prompt)


def versions(prompt: str) -> list[VersionRow]:
    """All versions, newest first."""
    query = select(*_COLUMNS).where(PromptVersion.prompt == prompt).order_by(PromptVersion.number.desc())
    with get_database().read() as session:
        return [VersionRow(**row._asdict()) for row in session.execute(query)]


def get(prompt: str, number: int) -> tuple[VersionRow, bytes]:
    """One version and its content.

    Raises:
        NotFound: there is none with this number.
    """
    query = select(*_COLUMNS, PromptVersion.content).where(
        PromptVersion.prompt == prompt, PromptVersion.number == number
    )
    with get_database().read() as session:
        row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"The prompt “{prompt}” has no version {number}.")
    values = row._asdict()
    content: bytes = values.pop("content")
    return VersionRow(**values), content


def prompts() -> list[str]:
    """Names of all prompts that have versions, sorted."""
    with get_database().read() as session:
        query = select(PromptVersion.prompt).distinct().order_by(PromptVersion.prompt)
        return list(session.execute(query).scalars())


def labels() -> dict[str, dict[str, int]]:
    """Of every prompt that has some: label → number of the version."""
    found: dict[str, dict[str, int]] = {}
    with get_database().read() as session:
        for row in session.execute(select(PromptLabel).order_by(PromptLabel.prompt, PromptLabel.label)).scalars():
            found.setdefault(row.prompt, {})[row.label] = row.number
    return found


def labels_of(prompt: str) -> dict[str, int]:
    """Label → number of the version it points at."""
    query = select(PromptLabel.label, PromptLabel.number).where(PromptLabel.prompt == prompt)
    with get_database().read() as session:
        return {label: number for label, number in session.execute(query.order_by(PromptLabel.label))}


def set_label(prompt: str, label: str, number: int) -> None:
    """Point `label` at a version; it leaves the one it was on.

    Raises:
        NotFound: there is no such version.
    """
    with get_database().write() as session:
        if session.get(PromptVersion, (prompt, number)) is None:
            raise NotFound(f"The prompt “{prompt}” has no version {number}.")
        session.merge(PromptLabel(prompt=prompt, label=label, number=number, set_at=datetime.now(UTC)))


def remove_label(prompt: str, label: str) -> None:
    """Take the label away.

    Raises:
        NotFound: the prompt has no such label.
    """
    with get_database().write() as session:
        where = (PromptLabel.prompt == prompt, PromptLabel.label == label)
        if session.execute(delete(PromptLabel).where(*where)).rowcount == 0:  # type: ignore[attr-defined]
            raise NotFound(f"The prompt “{prompt}” has no label {label!r}.")


def rename(old: str, new: str, *, before_commit: Callable[[], None]) -> None:
    """Move versions and labels to another name, behind those of a deleted prompt that had this name.

    Args:
        old: the name so far.
        new: the name from now on.
        before_commit: called last, inside the transaction: what it raises leaves everything as it was.
    """
    with get_database().write() as session:
        newest = _newest(session, new)
        offset = newest.number if newest else 0
        numbers = select(PromptVersion.number).where(PromptVersion.prompt == old).order_by(PromptVersion.number)
        for number in session.execute(numbers).scalars().all():
            where = (PromptVersion.prompt == old, PromptVersion.number == number)
            session.execute(update(PromptVersion).where(*where).values(prompt=new, number=number + offset))
        moved = select(PromptLabel.label).where(PromptLabel.prompt == old)
        session.execute(delete(PromptLabel).where(PromptLabel.prompt == new, PromptLabel.label.in_(moved)))
        session.execute(
            update(PromptLabel).where(PromptLabel.prompt == old).values(prompt=new, number=PromptLabel.number + offset)
        )
        before_commit()


def _newest(session: Session, prompt: str) -> VersionRow | None:
    last = select(func.max(PromptVersion.number)).where(PromptVersion.prompt == prompt).scalar_subquery()
    query = select(*_COLUMNS).where(PromptVersion.prompt == prompt, PromptVersion.number == last)
    row = session.execute(query).one_or_none()
    return VersionRow(**row._asdict()) if row else None


def _storable(text: str) -> str:
    """Text that every database takes: PostgreSQL refuses NUL, and no encoding has lone surrogates."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
