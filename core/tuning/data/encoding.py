"""One example as token ids, and which of them are learned.

Knows nothing of files or batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.models.loaded import Message
from core.tuning.data.rows import Example
from core.tuning.data.tokens import Tokens

TrainOn = Literal["answer", "all"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as a model sees it."""

    number: int
    """The row it comes from."""
    ids: list[int]
    trained: list[bool]
    """`trained[i]`: token i is a target of the loss (predicted from those before it); never the first one."""
    prompt_length: int
    """Tokens before the last answer: what the model is given when it is asked. 0 for plain text."""
    cut: int = 0
    """Tokens cut away by `max_length`."""


def usual_wording(labels: Sequence[str]) -> str:
    """The template that text-label rows are put in unless another is given; `{{text}}` and `{{labels}}` are filled."""
    raise NotImplementedError


def question(
    example: Example, *, wording: str = "", labels: Sequence[str] = (), chat: bool = True
) -> tuple[Message, ...] | str:
    """What the model is asked: the conversation before the last answer, or with `chat=False` the raw prompt.

    Evaluation asks exactly this. Empty for plain text.
    """
    raise NotImplementedError


def encode(
    example: Example,
    tokens: Tokens,
    *,
    max_length: int,
    train_on: TrainOn = "answer",
    wording: str = "",
    labels: Sequence[str] = (),
    chat: bool = True,
) -> Encoded:
    """Token ids of an example and the mask of what is learned.

    Args:
        example: a row.
        tokens: the model's.
        max_length: in tokens. The beginning of the prompt is cut so that the answer stays whole; an answer that is
            longer is cut at its end.
        train_on: `answer`: every assistant's turn with the token that ends it; `all`: every token but the first. Plain
            text is learned wholly either way.
        wording: template of text-label rows; empty: `usual_wording`.
        labels: all labels, for `{{labels}}`.
        chat: in the model's chat template; else the prompt and the answer as they stand, then the end of text.

    Raises:
        InvalidInput: the chat template refuses, or does not put the answer after the prompt; the row is named.
    """
    raise NotImplementedError
