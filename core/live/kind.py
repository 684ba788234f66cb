"""What a kind of run must have to be run live and stored: a request, a result that grows, the events between them.

Knows no kind: each package that runs something describes its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, Self, TypeVar

from core.events import Event
from core.store.runs import RunStatus


class Usage(Protocol):
    """Tokens."""

    prompt_tokens: int | None
    completion_tokens: int


class Timing(Protocol):
    """Seconds, and tokens per second."""

    total_s: float
    tokens_per_s: float | None


class Request(Protocol):
    """What was asked; a pydantic model, so that the store can hold it."""

    @property
    def model(self) -> str:
        """The model reference."""

    @property
    def parent(self) -> str | None:
        """Id of the run this one continues."""

    @property
    def question(self) -> str:
        """What a person typed: the run's title, and text that finds it."""

    def model_dump_json(self) -> str:
        """As the store keeps it."""

    @classmethod
    def model_validate_json(cls, json_data: str) -> Self:
        """As the store kept it; `ValueError` when this version cannot read it."""


class Result(Protocol):
    """What came of it so far; a pydantic model that grows as events are folded in."""

    error: str | None

    @property
    def usage(self) -> Usage:
        """Tokens so far."""

    @property
    def timing(self) -> Timing:
        """Known at the end."""

    @property
    def text(self) -> str:
        """The answer: text that finds the run."""

    def fold(self, event: Event) -> None:
        """Add one event."""

    def snapshot(self) -> Self:
        """A copy that later events leave alone; cheap, since every poll of a page may take one."""

    def ended(self, cancelled: bool) -> RunStatus:
        """How it ended when its events are over; `cancelled` says that somebody asked it to stop."""

    def close(self) -> None:
        """Mark what was under way as interrupted: the run is over, and no more events come."""

    def model_dump_json(self) -> str:
        """As the store keeps it."""

    @classmethod
    def model_validate_json(cls, json_data: str) -> Self:
        """As the store kept it; `ValueError` when this version cannot read it."""


Req = TypeVar("Req", bound=Request)
Res = TypeVar("Res", bound=Result)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Req, Res]):
    """One kind of run."""

    name: str
    """As the store has it."""
    title: str
    """For a person, with its article: "a generation"."""
    request: type[Req]
    result: type[Res]
    begin: Callable[[Req], Res]
    """The empty result of a request."""
    events: Callable[[Req, threading.Event], Iterator[Event]]
    """Does the work; setting the event asks it to stop. Raises `LoupeError` for what a person can be told."""
    cost_usd: Callable[[str, Res], float | None]
    """US dollars of a model's result, `None` where nobody knows a price."""


@dataclass(frozen=True)  # no slots: Python 3.11 cannot build a frozen generic with them through its alias
class RunView(Generic[Req, Res]):
    """A run at one moment, live or stored."""

    id: str
    request: Req
    status: RunStatus
    result: Res
    """Not to be changed."""
    version: int
    """Grows with every change: a page that has drawn this version need not draw it again."""
    created_at: datetime
    cost_usd: float | None = None
    unsaved: str | None = None
    """Why the store does not have it (one sentence); it is then in memory only."""

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self.status == "running"
