"""What an eval is: variants, rows, assertions, repeats. One object for page, command line and job.

Formats are read into it and written from it by `core/evals/formats/`. Knows nothing of any format, nor of what running
it means.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.evals.assertion import Assertion, AssertionSet
from core.evals.row import Row
from core.evals.variant import Variant

OnBroken = Literal["stop", "skip"]
AT_ONCE = 12
"""Calls under way at once for each model where an eval does not say: in a batch, twelve cost little more than eight."""


class DataSource(BaseModel):
    """Where rows come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = ""
    """A file (`.jsonl`, `.csv`, `.parquet`, `.yaml`, `.json`), absolute; or `hub:ORG/NAME[:CONFIG][/SPLIT][?limit=N]`;
    "" where the rows stand in the file itself."""
    rows: tuple[Row, ...] = ()
    """Rows that stand in the file itself; they come before those of `path`."""
    more: tuple[str, ...] = ()
    """Further files, after `path`."""
    limit: int | None = Field(None, ge=1)
    """Only the first so many rows."""
    on_broken: OnBroken = "stop"
    """A row that cannot be read ends it before anything runs, or is named and left out."""
    unsupported: OnBroken = "stop"
    """Likewise for an assertion of a row whose type Loupe does not know."""
    judge: dict[str, Any] = {}
    """`provider` and `rubricPrompt` for assertions of rows in `path` and `more` that name none."""
    usual_judge: bool = False
    """Whether the usual model judges where a row names a judge that Loupe cannot call; else that is an error."""


class EvalFile(BaseModel):
    """One eval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    variants: tuple[Variant, ...]
    """With distinct names."""
    data: DataSource
    default_vars: dict[str, Any] = {}
    """Values for rows that do not have their own."""
    default_assertions: tuple[Assertion | AssertionSet, ...] = ()
    """Demanded of every row."""
    default_threshold: float | None = None
    default_metadata: dict[str, Any] = {}
    """For rows that do not have their own."""
    default_expands: bool = True
    """Whether lists of texts among variables stand for several rows, where a test does not say."""
    repeat: int = Field(1, ge=1, le=100)
    concurrency: int = Field(AT_ONCE, ge=1, le=64)
    """Calls under way at once for each model."""
    notes: tuple[str, ...] = ()
    """One sentence for everything in the file that Loupe does not act on."""
    folder: str = ""
    """Where relative paths begin: the folder of the file."""
    source: str = Field("", repr=False)
    """The text it was read from, without what may be a secret; "" for one made on a page."""
