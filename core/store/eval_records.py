"""What the store keeps of an eval: the run itself, its rows, its cells, the outputs they show.

Knows nothing of the database. Verdicts, outputs and plans are JSON documents that the store does not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from core.store.runs import package_versions

CellId: TypeAlias = tuple[int, int, int]
"""Row number, place of the variant, repeat."""
Status: TypeAlias = Literal["passed", "failed", "unjudged", "error"]
"""Of a cell; "unjudged" has an answer and no verdict on it, "error" has no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalRecord:
    """One run of an eval file; `plan` and `versions` are JSON documents."""

    id: str
    created_at: datetime
    name: str
    rows: int
    """Rows of the data set, broken ones included."""
    data_digest: str
    plan: str
    """Variants, repeats and whatever else a resume must find unchanged."""
    file: str
    """The file that repeats it."""
    job: str | None = None
    versions: str = field(default_factory=package_versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRecord:
    """One row, as it was when the eval began."""

    number: int
    """From 1."""
    description: str = ""
    vars: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    broken: str | None = None
    """Why it could not be read; such a row has no cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRecord:
    """One variant on one row, once."""

    row: int
    variant: int
    """Its place among the variants, from 0."""
    repeat: int = 0
    output: str | None = None
    """Key of the output; `None` where there was none."""
    cached: bool = False
    passed: bool = False
    """What the assertions say; see `holds`."""
    score: float = 0.0
    """From 0 to 1; what the assertions say."""
    error: str | None = None
    """Why the cell says nothing of quality, one sentence: there was no answer, or no verdict on it."""
    seconds: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int = 0
    cost_usd: float | None = None
    override: bool | None = None
    override_reason: str | None = None
    override_at: datetime | None = None
    verdicts: str = "[]"
    """A list of `core.evals.assertion.Verdict`, as JSON."""

    @property
    def holds(self) -> bool:
        """Whether it counts as passed: a person's word goes before the assertions'."""
        return self.passed if self.override is None else self.override

    @property
    def answered(self) -> bool:
        """Whether there is an answer; where it could not be judged, the verdicts say so."""
        return self.error is None or self.verdicts != "[]"

    @property
    def status(self) -> Status:
        """What it comes to; a person's word goes before an error too."""
        if self.error is None or self.override is not None:
            return "passed" if self.holds else "failed"
        return "unjudged" if self.answered else "error"

    @property
    def id(self) -> CellId:
        """Where it stands."""
        return self.row, self.variant, self.repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRecord:
    """What came out of one call; `output` is a `core.evals.output.Output` as JSON."""

    key: str
    model: str
    output: str


def document(document: Mapping[str, Any]) -> str:
    """Letters as they are, so that a search finds them; a value that JSON does not know (a date) as its text."""
    return storable(json.dumps(document, ensure_ascii=False, default=str))


def storable(text: str) -> str:
    """Text that every database takes: PostgreSQL refuses NUL, and no encoding has lone surrogates."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
