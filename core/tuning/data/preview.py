"""A batch as a person looks at it: every token learned, masked, an end, or padding.

Knows nothing of colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.tuning.data.encoding import Encoded
from core.tuning.data.tokens import Tokens

Kind = Literal["trained", "masked", "eos", "padding"]


@dataclass(frozen=True, slots=True)
class PreviewToken:
    """One token of a batch."""

    text: str
    """As it reads, spaces and line ends as they are; the page makes them visible."""
    kind: Kind
    """`eos`: a token that ends an answer and is learned."""
    id: int = 0
    row: int = 0
    """Number of the row it comes from; 0 for padding."""


def preview(rows: Sequence[Encoded], tokens: Tokens, *, pack_to: int | None = None) -> list[list[PreviewToken]]:
    """The sequences of a batch, filled up to the longest.

    Args:
        rows: those of one step.
        tokens: the model's.
        pack_to: `max_length` where rows are packed; else every row is a sequence of its own.
    """
    raise NotImplementedError
