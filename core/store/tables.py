"""The tables, as SQLAlchemy classes. Changing one needs a migration in `migrations/versions/`.

Knows nothing of engines or of which database answers.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Double, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = "0004"
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


class Job(Base):
    """One piece of long work, done by a worker process of its own."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    kind: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(200))
    accelerator: Mapped[bool]
    """Whether it waits for its turn on the accelerator."""
    attempt: Mapped[int]
    """1 at first, one more with every resume."""
    cancel_requested: Mapped[bool]
    worker: Mapped[str | None] = mapped_column(String(200))
    """Host, process id and start of the process that works on it."""
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    done: Mapped[float] = mapped_column(Double)
    total: Mapped[float | None] = mapped_column(Double)
    unit: Mapped[str] = mapped_column(String(32))
    rate: Mapped[float | None] = mapped_column(Double)
    eta_s: Mapped[float | None] = mapped_column(Double)
    note: Mapped[str] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_jobs_created", "created_at", "id"),
        Index("ix_jobs_status_created", "status", "created_at"),
    )


class JobMetric(Base):
    """One measured value of a job at a step."""

    __tablename__ = "job_metrics"

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    name: Mapped[str] = mapped_column(String(64))
    step: Mapped[int]
    value: Mapped[float] = mapped_column(Double)

    __table_args__ = (Index("ix_job_metrics_job", "job", "id"),)


class Collection(Base):
    """Documents that are searched together: one embedding model, one way to split."""

    __tablename__ = "collections"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())
    revision: Mapped[int]
    """Grows with every change to its chunks or its embedding model: whoever holds an index compares."""
    embedding: Mapped[str] = mapped_column(String(500))
    dimension: Mapped[int | None]
    """Of its vectors; `None` until the first one."""
    next_embedding: Mapped[str | None] = mapped_column(String(500))
    """The model that takes over once every chunk has its vector."""
    splitter: Mapped[str] = mapped_column(Text)


class Document(Base):
    """One file, or one row of a corpus, with the text that was found in it."""

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    collection: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(String(2000))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the bytes: the version."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime())
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(500))
    size: Mapped[int]
    """Bytes of the file."""
    characters: Mapped[int]
    """Of the text."""
    metadata_json: Mapped[str] = mapped_column("metadata", Text)
    notes: Mapped[str] = mapped_column(Text)
    pages: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("collection", "path"), {"sqlite_autoincrement": True})


class Chunk(Base):
    """A piece of a document: `text` is exactly the document's text from `start` to `end`."""

    __tablename__ = "chunks"

    id: Mapped[int] = mapped_column(primary_key=True)
    """Never used again, so that an index can be compared by its ids alone."""
    collection: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    document: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    page: Mapped[int | None]
    parent_start: Mapped[int | None]
    parent_end: Mapped[int | None]
    tokens: Mapped[int]
    """As the embedding model counts."""
    text_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    text: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_chunks_collection", "collection", "id"),
        Index("ix_chunks_document", "document", "ordinal"),
        {"sqlite_autoincrement": True},
    )


class Embedding(Base):
    """The vector of a text under a model, shared by every chunk that has this text."""

    __tablename__ = "embeddings"

    model: Mapped[str] = mapped_column(String(500), primary_key=True)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    """float32, little endian, of length 1."""


class Eval(Base):
    """One run of an eval file: variants by rows by repeats."""

    __tablename__ = "evals"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    name: Mapped[str] = mapped_column(String(200))
    job: Mapped[str | None] = mapped_column(String(32))
    """The job that runs it, which knows how far it is."""
    rows: Mapped[int]
    """Rows of the data set, broken ones included."""
    data_digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of all rows: a resume is refused when the data set is another one."""
    versions: Mapped[str] = mapped_column(Text)
    plan: Mapped[str] = mapped_column(Text)
    """Variants, repeats and whatever else a resume must find unchanged, as JSON."""
    file: Mapped[str] = mapped_column(Text)
    """The file that repeats this run."""

    __table_args__ = (Index("ix_evals_created", "created_at", "id"),)


class EvalRow(Base):
    """One row of an eval's data set, as it was when the eval began."""

    __tablename__ = "eval_rows"

    eval: Mapped[str] = mapped_column(ForeignKey("evals.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    description: Mapped[str] = mapped_column(Text)
    vars: Mapped[str] = mapped_column(Text)
    metadata_json: Mapped[str] = mapped_column("metadata", Text)
    broken: Mapped[str | None] = mapped_column(Text)
    """Why it could not be read, in one sentence; such a row has no cells."""


class EvalCell(Base):
    """One variant on one row: what came out is in `EvalOutput`, what was said of it is here."""

    __tablename__ = "eval_cells"

    eval: Mapped[str] = mapped_column(ForeignKey("evals.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    variant: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its place among the variants, from 0."""
    repeat: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    output: Mapped[str | None] = mapped_column(String(64))
    """Key of the output; `None` where there was none."""
    cached: Mapped[bool]
    """Whether the output was there already and no call was made."""
    passed: Mapped[bool]
    score: Mapped[float] = mapped_column(Double)
    error: Mapped[str | None] = mapped_column(Text)
    seconds: Mapped[float] = mapped_column(Double)
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int]
    cost_usd: Mapped[float | None] = mapped_column(Double)
    override: Mapped[bool | None]
    """What a person says instead of `passed`."""
    override_reason: Mapped[str | None] = mapped_column(Text)
    override_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    verdicts: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_eval_cells_variant", "eval", "variant", "row"),
        Index("ix_eval_cells_output", "output"),
    )


class EvalOutput(Base):
    """What came out of one call, used again by every cell that would make the very same call."""

    __tablename__ = "eval_outputs"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of everything that matters: model and its revision, request, what the request refers to."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    model: Mapped[str] = mapped_column(String(500))
    output: Mapped[str] = mapped_column(Text)


class Vote(Base):
    """Which of two outputs a person preferred, not knowing whose they were; both sides with their full settings."""

    __tablename__ = "votes"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    topic: Mapped[str] = mapped_column(String(100))
    voter: Mapped[str] = mapped_column(String(64))
    left_name: Mapped[str] = mapped_column(String(200))
    right_name: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(16))
    """left, right, tie or both-bad."""
    comment: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    left: Mapped[str] = mapped_column(Text)
    """The variant and its output, as JSON."""
    right: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_votes_created", "created_at", "id"), {"sqlite_autoincrement": True})
