"""One row of a data set: values for the variables of the prompts, and what is demanded of this row alone.

Knows nothing of files.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from core.evals.assertion import Assertion, AssertionSet


class Row(BaseModel):
    """One input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    """Its place in the data set, from 1."""
    where: str = ""
    """For messages: `questions.csv, line 7`."""
    description: str = ""
    vars: dict[str, Any] = {}
    """By variable; `expected` is the answer hoped for, where there is one."""
    assertions: tuple[Assertion | AssertionSet, ...] = ()
    """Of this row alone; those of the file come first. Rows that `core.evals.datasets` gives out hold both."""
    with_defaults: bool = True
    """Whether the file's default assertions are demanded of it too."""
    threshold: float | None = None
    """The weighted score that the row's cells must reach; `None`: every assertion must pass."""
    metadata: dict[str, Any] = {}
    """For filters: never sent to a model."""
