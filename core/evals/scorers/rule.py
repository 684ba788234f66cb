"""What a rule is: how the answer is found in what a model wrote.

A rule knows nothing of the right answer, nor of any metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to find the answer in an output."""

    name: str
    """As it is written on the command line and in files."""
    what: str
    """What it returns, in a sentence that a person can read."""
    source: str
    """The paper, program or document that it comes from."""
    find: Callable[..., str | None]
    """`find(text)`, or `find(text, argument)` where there is one: the answer, `None` or "" when there is none.

    Raises:
        InvalidInput: the argument is no good.
    """
    argument: str = ""
    """What follows the name and a colon, such as PATTERN; "" when nothing does."""

    @property
    def usage(self) -> str:
        """How it is written: `letter`, `regex:PATTERN`."""
        return f"{self.name}:{self.argument}" if self.argument else self.name
