"""One example as token ids, and which of them are learned.

Knows nothing of files or batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput, Unsupported
from core.models.loaded import Message
from core.prompts.template import render
from core.tuning.data.rows import Example
from core.tuning.data.tokens import Tokens

TrainOn = Literal["answer", "all"]
NAMED_LABELS = 12
"""Up to so many labels are listed in the prompt; more would be most of it."""
WITH_LABELS = "Label this text with one of: {{labels}}.\n\n{{text}}"
WITHOUT_LABELS = "Label this text.\n\n{{text}}"
LEAST = 8
"""The smallest `max_length`, in tokens."""


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
    return WITH_LABELS if len(labels) <= NAMED_LABELS else WITHOUT_LABELS


def question(
    example: Example, *, wording: str = "", labels: Sequence[str] = (), chat: bool = True
) -> tuple[Message, ...] | str:
    """What the model is asked: the conversation before the last answer, or with `chat=False` the raw prompt.

    Evaluation asks exactly this. Empty for plain text.

    Raises:
        InvalidInput: the wording has a variable that is not filled, or a conversation of several turns is to be a raw
            prompt.
    """
    before = example.messages[:-1]
    if example.label is not None:
        values = {"text": example.text, "labels": ", ".join(labels)}
        before = (Message(role="user", content=render(wording or usual_wording(labels), values)),)
    if chat:
        return before or ((Message(role="user", content=example.prompt),) if example.prompt else ())
    if not before:
        return example.prompt
    if any(turn["role"] == "assistant" for turn in before):
        raise InvalidInput(
            f"Row {example.number} is a conversation of several turns; it needs a model with a chat template.", "chat"
        )
    return "".join(turn["content"] + "\n\n" for turn in before)


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
        max_length: in tokens. The beginning of the prompt is cut (what a text begins with stays) so that the answer
            stays whole; an answer that has no room is cut at its end, and then a quarter is left to its prompt.
        train_on: `answer`: every assistant's turn with the token that ends it; `all`: every token but the first. Plain
            text is learned wholly either way.
        wording: template of text-label rows; empty: `usual_wording`.
        labels: all labels, for `{{labels}}`.
        chat: in the model's chat template; else the prompt and the answer as they stand, then the end of text.

    Raises:
        InvalidInput: the chat template refuses, or does not put the answer after the prompt; the row is named.
        Unsupported: the model has no chat template.
    """
    ids, trained, prompt_length = _whole(example, tokens, wording=wording, labels=labels, chat=chat)
    if train_on == "all":
        trained = [True] * len(ids)
    trained[0] = False
    return fitted(Encoded(example.number, ids, trained, prompt_length), tokens, max_length)


def fitted(whole: Encoded, tokens: Tokens, max_length: int) -> Encoded:
    """An example within `max_length`, as `encode` says.

    Raises:
        InvalidInput: `max_length` is too small for anything.
    """
    if max_length < LEAST:
        raise InvalidInput(f"max_length is {max_length}; it must be at least {LEAST} tokens.", "max_length")
    ids, trained, prompt = whole.ids, whole.trained, whole.prompt_length
    over = len(ids) - max_length
    if over <= 0:
        return whole
    room = max_length - answer_length(whole, tokens)
    if room < 1:  # the answer does not fit
        room = max_length // 4
    kept = 1 if tokens.bos is not None and ids[0] == tokens.bos and min(prompt, room) > 1 else 0
    gone = max(min(over, prompt - room), 0)
    ids = [*ids[:kept], *ids[kept + gone :]][:max_length]
    trained = [*trained[:kept], *trained[kept + gone :]][:max_length]
    trained[0] = False
    return Encoded(whole.number, ids, trained, prompt - gone, over)


def answer_length(whole: Encoded, tokens: Tokens) -> int:
    """Tokens of the last answer, up to the one that ends it."""
    answer = whole.ids[whole.prompt_length :]
    last = next((place for place in range(len(answer) - 1, -1, -1) if answer[place] in tokens.ends), len(answer) - 1)
    return last + 1


def _whole(
    example: Example, tokens: Tokens, *, wording: str, labels: Sequence[str], chat: bool
) -> tuple[list[int], list[bool], int]:
    if example.text and example.label is None:
        ids = [*tokens.text(example.text), tokens.eos]
        return ids, [True] * len(ids), 0
    asked = question(example, wording=wording, labels=labels, chat=chat)
    if isinstance(asked, str):
        before = tokens.text(asked)
        after = [*tokens.text(example.answer, begin=False), tokens.eos]
        return before + after, [False] * len(before) + [True] * len(after), len(before)
    if not tokens.chat:
        raise Unsupported("The model comes without a chat template; train it on plain completions.")
    try:
        stretches = tokens.conversation([*asked, Message(role="assistant", content=example.answer)])
    except InvalidInput as error:
        raise InvalidInput(f"Row {example.number}: {error}", error.field) from None
    ids = [index for part, _ in stretches for index in part]
    trained = [answers for part, answers in stretches for _ in part]
    *before_last, _, _ = stretches
    return ids, trained, sum(len(part) for part, _ in before_last)
