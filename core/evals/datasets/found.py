"""What a reader of data sets finds: a row that can be used, or one that cannot and why.

Knows no kind of file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput, NotFound
from core.evals.reading.case import Case, read_case, read_row
from core.evals.reading.context import Reading

MOST_ROW_BYTES = 16 * 1024 * 1024
"""The longest row, in bytes."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be read."""

    number: int
    """Its place in the data set, from 1."""
    where: str
    """`questions.csv, line 7`."""
    reason: str
    """What is wrong with it, as a sentence."""

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a file."""

    where: str
    case: Case | None
    """`None` for a broken one."""
    reason: str = ""
    """Why it is broken."""


def row(values: Any, reading: Reading, place: str, read: Callable[[Any, Reading, str], Case] = read_case) -> Found:
    """A row from what stands in a file.

    Args:
        values: the row's data.
        reading: the file; its name is the data set's.
        place: where the row stands in it: “line 7”.
        read: how it becomes a case; `read_row` where all keys are variables.
    """
    where = f"{reading.name}, {place}"
    try:
        return Found(where, read(values, reading, place))
    except (InvalidInput, NotFound) as error:
        reason = str(error).removeprefix(f"{reading.name}: ").removeprefix(place).lstrip(" ,:")
        return broken(where, reason[:1].upper() + reason[1:])


def broken(where: str, reason: str) -> Found:
    """A row that cannot be used."""
    return Found(where, None, reason)


__all__ = ["MOST_ROW_BYTES", "BrokenRow", "Found", "broken", "read_row", "row"]
