"""The shape of a tool: a name, what it does and what to write in its brackets, and the function that carries it out.

Knows no tool: each has a file of its own beside this one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from core.tools.collections.collection import Collection as Documents
from core.tools.page import Page

MAX_OBSERVATION = 2000
"""Characters of an observation; a model's context is small, and what a tool says is read again at every step."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a tool said."""

    text: str
    ok: bool = True
    """Whether it did what was asked: "nothing found" is an answer, "unavailable" is none."""
    data: dict[str, Any] = field(default_factory=dict)
    """What else is known, for a page: plain values only."""
    page: Page | None = None
    """The document it found; Lookup reads on in it."""


@dataclass(slots=True)
class Context:
    """What one call may use."""

    cancel: threading.Event
    """Set once nobody waits for the observation any more."""
    user: str
    """Whose run it is."""
    page: Page | None
    """The document that was found last."""
    given: dict[str, int]
    """Lookup: how many results of each keyword were given from that document."""
    documents: Callable[[], Documents]
    """The collection; raises `LoupeError` where there is none or it cannot be read."""


def _always(collection: str | None, beside: Collection[str]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool."""

    name: str
    """As it is written in an action: a capital, then letters."""
    description: str
    """One sentence, for model and person alike."""
    argument: str
    """What to write in the brackets, in a word or two."""
    run: Callable[[str, Context], Observation]
    """Gets the argument as the model wrote it. What it raises becomes an observation."""
    timeout_s: float = 20.0
    """Nobody waits longer for it."""
    code: bool = False
    """Whether the argument is a program: it may have several lines, and brackets in its strings do not count."""
    goes_on: bool = False
    """Whether the same action again gives something new."""
    why_not: Callable[[str | None, Collection[str]], str] = _always
    """Why it cannot work, in one sentence: asked with the collection and with the names of the tools beside it."""

    @property
    def usage(self) -> str:
        """How an action with it is written, such as `Calculator[expression]`."""
        return f"{self.name}[{self.argument}]"


def unquoted(argument: str) -> str:
    """The argument on one line, without quotes around it."""
    text = " ".join(argument.split())
    for opening, closing in ('""', "''", "“”", "‘’", "``", "«»"):
        if len(text) > 1 and text[0] == opening and text[-1] == closing:
            return text[1:-1].strip()
    return text
