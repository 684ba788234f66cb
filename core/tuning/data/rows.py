"""What a training file holds, whatever its format: one example a row.

Knows nothing of files, tokens or models.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.models.loaded import Message


@dataclass(frozen=True, slots=True)
class Example:
    """One row."""

    number: int
    """Its place in the file, from 1: for sentences about it."""
    messages: tuple[Message, ...] = ()
    """A conversation that ends with the assistant's turn; empty for the other formats."""
    prompt: str = ""
    """Prompt-completion: what comes before the answer."""
    answer: str = ""
    """What is to be learned: the completion, the last assistant's turn, the label."""
    text: str = ""
    """Plain text, or the text that has a label."""
    label: str | None = None
    """Text-label only."""


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a file, or some of them."""

    format: str
    """`prompt-completion`, `messages`, `alpaca`, `sharegpt`, `text` or `text-label`."""
    examples: tuple[Example, ...]
    labels: tuple[str, ...] = ()
    """Text-label: every label there is, sorted; else none. A split keeps those of the whole file."""
    problems: tuple[str, ...] = ()
    """A sentence for each row left out, the first hundred."""
    digest: str = ""
    """SHA-256 of the file in hexadecimal."""
    left_out: int = 0
    """How many rows were left out."""
    columns: tuple[tuple[str, str], ...] = ()
    """Which column was read as what: `(("prompt", "question"), ("answer", "reply"))`."""
