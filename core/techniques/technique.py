"""The shape of a technique: what it is, in words for a person, and the function that carries it out.

Knows no technique: each has a file of its own beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from core.events import Event

if TYPE_CHECKING:
    from core.techniques.lab import Lab

T = TypeVar("T")
Events: TypeAlias = Generator[Event, None, T]
"""Work that tells what happens while it happens, and ends with a value."""

Option = Literal["examples", "shots", "choose", "order", "samples", "tools", "collection", "max_steps", "extract"]
"""Fields of `TechniqueRequest` that only some techniques use."""


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a technique comes from."""

    authors: str
    year: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique; the texts are for somebody who has never heard of it."""

    name: str
    title: str
    what: str
    paper: Paper
    helps: str
    hurts: str
    cost: str
    stages: tuple[str, ...]
    """What each kind of call to the model is for, in order; the prompt of the first is what a preview shows."""
    run: Callable[[Lab], Events[None]]
    options: tuple[Option, ...] = ()
    """What a person can set beside question, model, system prompt, sampling and wording."""
    reply: str = ""
    """The variable that stands for the model's reply in a prompt file; what follows it there is said afterwards."""
    later: tuple[str, ...] = ()
    """Variables of what is said afterwards, beside the question."""
    sandbox: bool = False
    """Whether it runs programs that the model wrote."""
