"""The tables, as SQLAlchemy classes. Changing one needs a migration in `migrations/versions/`.

Knows nothing of engines or of which database answers.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Double, Index, LargeBinary, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = "0002"
"""The newest migration; a test holds it equal to the folder's head."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite keeps no time zone, so it is dropped on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware → UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC → aware."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of all tables."""


class Run(Base):
    """One run of anything.

    The documents come last: SQLite reads a row from the front, so that listing 100,000 runs never touches their pages.
    """

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())
    kind: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(500))
    title: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str | None] = mapped_column(String(32))
    owner: Mapped[str | None] = mapped_column(String(200))
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    total_s: Mapped[float | None] = mapped_column(Double)
    tokens_per_s: Mapped[float | None] = mapped_column(Double)
    cost_usd: Mapped[float | None] = mapped_column(Double)
    error: Mapped[str | None] = mapped_column(Text)
    search: Mapped[str] = mapped_column(Text)
    versions: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_runs_created", "created_at", "id"),
        Index("ix_runs_model_created", "model", "created_at"),
        Index("ix_runs_status_created", "status", "created_at"),
        Index("ix_runs_parent", "parent"),
    )


class PromptVersion(Base):
    """One version of a prompt file, bytes and all; numbers of a prompt begin at 1 and are never used again."""

    __tablename__ = "prompt_versions"

    prompt: Mapped[str] = mapped_column(String(400), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    digest: Mapped[str] = mapped_column(String(64))
    suffix: Mapped[str] = mapped_column(String(32))
    origin: Mapped[str] = mapped_column(String(16))
    size: Mapped[int]
    message: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class PromptLabel(Base):
    """A name such as production that points at one version of a prompt."""

    __tablename__ = "prompt_labels"

    prompt: Mapped[str] = mapped_column(String(400), primary_key=True)
    label: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(UtcDateTime())
