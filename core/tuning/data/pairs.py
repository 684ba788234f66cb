"""Examples for models that are not decoders alone: encoder-decoder models and sequence classification.

Knows nothing of batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidInput
from core.prompts.names import short
from core.tuning.data.encoding import LEAST, question
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
    """Prompt and answer apart, both with the model's end token.

    Args:
        example: a row that has an answer.
        tokens: the model's.
        max_length: tokens of the prompt, which is cut at its beginning.
        max_answer: tokens of the answer, which is cut at its end; `None`: `max_length`.
        wording: template of text-label rows; empty: the usual one.
        labels: all labels, for `{{labels}}`.

    Raises:
        InvalidInput: the row is plain text, which has no answer, or a conversation of several turns.
    """
    if not example.answer:
        raise InvalidInput(f"Row {example.number} is plain text; an encoder-decoder model needs an answer to learn.")
    most = max_length if max_answer is None else max_answer
    if min(max_length, most) < LEAST:
        raise InvalidInput(f"max_length is {min(max_length, most)}; it must be at least {LEAST} tokens.", "max_length")
    asked = question(example, wording=wording, labels=labels, chat=False)
    text = asked.rstrip() if isinstance(asked, str) else ""
    ids = tokens.encoder_text(text)
    answer = [*tokens.text(example.answer), tokens.eos]
    cut = max(len(ids) - max_length, 0), max(len(answer) - most, 0)
    return EncodedPair(example.number, ids[cut[0] :], answer[:most], sum(cut))


def encode_class(example: Example, tokens: Tokens, *, max_length: int, labels: Sequence[str]) -> EncodedClass:
    """A text and the place of its label; a text that is too long loses its end.

    Raises:
        InvalidInput: the row has no label, or one that is not among `labels`.
    """
    if example.label is None:
        raise InvalidInput(f"Row {example.number} has no label; a classifier needs a file of texts and labels.")
    if example.label not in labels:
        raise InvalidInput(
            f"Row {example.number} has the label {short(example.label)}, which no row that is trained on has.", "data"
        )
    ids = tokens.encoder_text(example.text)
    cut = max(len(ids) - max_length, 0)
    end = ids[-1:] if cut and ids[-1] in tokens.ends else []  # models that read the end token need it
    return EncodedClass(
        example.number, ids[: max_length - len(end)] + end if cut else ids, labels.index(example.label), cut
    )
