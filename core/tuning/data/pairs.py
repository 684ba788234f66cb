"""Examples for models that are not decoders alone: encoder-decoder models and sequence classification.

Knows nothing of batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.tuning.data.rows import Example
from core.tuning.data.tokens import Tokens


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """For an encoder-decoder model."""

    number: int
    ids: list[int]
    """What the encoder reads, with its end token."""
    labels: list[int]
    """What the decoder learns, with its end token."""
    cut: int = 0
    """Tokens cut away from both together."""


@dataclass(frozen=True, slots=True)
class EncodedClass:
    """For a classifier."""

    number: int
    ids: list[int]
    label: int
    """Place of the label in the sorted labels."""
    cut: int = 0


def encode_pair(
    example: Example,
    tokens: Tokens,
    *,
    max_length: int,
    max_answer: int | None = None,
    wording: str = "",
    labels: Sequence[str] = (),
) -> EncodedPair:
    """Prompt and answer apart; the prompt is cut at its beginning, the answer at its end.

    Raises:
        InvalidInput: the row is plain text, which has no answer.
    """
    raise NotImplementedError


def encode_class(example: Example, tokens: Tokens, *, max_length: int, labels: Sequence[str]) -> EncodedClass:
    """A text and the place of its label.

    Raises:
        InvalidInput: the row has no label, or one that is not among `labels`.
    """
    raise NotImplementedError
