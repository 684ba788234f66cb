"""What an assertion is, and what it says of one output: names and meanings are promptfoo's.

Knows no type of assertion: each has a file of its own in `core/evals/assertions/`.
Source: promptfoo, “Assertions and metrics”.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Assertion(BaseModel):
    """One demand on an output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    """A key of `core.evals.assertions.ASSERTIONS`, such as "contains"; without "not-"."""
    negated: bool = False
    """Whether it was written with "not-": it passes where the type fails; errors stay errors."""
    value: Any = None
    """What the type needs; texts may hold `{{variables}}` of the row."""
    threshold: float | None = None
    weight: float = Field(1.0, ge=0)
    """Its share in the score of a cell; with 0 it counts as measured only, and can never fail the cell."""
    metric: str = ""
    """A name under which its score is averaged over rows."""
    extract: str | None = None
    """A rule of `core.evals.scorers` that finds the part of the output to judge; `None`: all of it."""
    options: dict[str, Any] = {}
    """What only this type knows, such as the judge's model (`provider`) and wording (`rubricPrompt`)."""

    @property
    def label(self) -> str:
        """For a person: `not-contains`, or the metric's name."""
        return self.metric or ("not-" if self.negated else "") + self.type


class AssertionSet(BaseModel):
    """Several assertions that count as one: with a threshold, the weighted mean of their scores must reach it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    assertions: tuple[Assertion, ...]
    threshold: float | None = None
    """`None`: all must pass."""
    weight: float = Field(1.0, ge=0)
    metric: str = ""


class Verdict(BaseModel):
    """What one assertion says of one output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    passed: bool
    score: float
    """From 0 to 1."""
    reason: str = ""
    """One sentence on why, for whoever looks at a failure."""
    weight: float = 1.0
    metric: str = ""
    error: str | None = None
    """One sentence on why nothing could be said (a judge that did not answer); then it has not passed."""
    details: dict[str, Any] = {}
    """Kept with it: a judge's prompt and reasoning, the value that was compared."""
    parts: tuple[Verdict, ...] = ()
    """Of an assertion set."""
