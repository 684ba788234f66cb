"""One question at work: the model within reach of Stop, its tokenizer, messages as a chat or as one text.

Knows nothing of documents.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from core.documents.answering.passages import without_tokens
from core.events import Call, Event, SampleFinished, Started
from core.generation.generate import generate
from core.generation.params import SamplingParams
from core.generation.request import ChatMessage, GenerationRequest, Mode
from core.models.loaded import Loaded, Message, Tokenizing

T = TypeVar("T")
ESTIMATE = 3
"""Characters of a token where only an endpoint can count: fewer than most models need, so that the estimate is high."""


class Stopped(Exception):
    """Somebody asked the run to stop."""


class Asking:
    """A model that is asked.

    Attributes:
        model: its reference.
        mode: a chat, or a completion where the model has no chat template.
        estimated: whether tokens are estimated.
    """

    def __init__(self, model: str, loaded: Loaded, cancel: threading.Event) -> None:
        self.model = model
        self.mode: Mode = "chat" if loaded.capabilities.chat else "completion"
        self.estimated = not hasattr(loaded, "encode_text")
        self.context_length = loaded.context_length
        self._loaded = loaded
        self._cancel = cancel

    def ask(self, stage: str, messages: Sequence[ChatMessage], params: SamplingParams) -> Generator[Event, None, str]:
        """Ask the model; its reply.

        Raises:
            Stopped: the run was stopped meanwhile; what had arrived is in the events.
            LoupeError: the model could not answer.
        """
        self.check()
        if self.mode == "completion":
            asked = GenerationRequest.parse(
                model=self.model, params=params, mode="completion", prompt=as_text(messages)
            )
        else:
            asked = GenerationRequest.parse(model=self.model, params=params, messages=tuple(messages))
        yield Call(stage)
        reply = ""
        for event in generate(asked, self._cancel):
            if isinstance(event, SampleFinished):
                reply = event.text
            if isinstance(event, Started) and not event.prompt:  # an endpoint tells no prompt: what was sent to it
                event = replace(event, prompt=labelled(messages))
            yield event
        self.check()
        return reply

    def check(self) -> None:
        """Go on, or not: raises `Stopped` once somebody has asked for it."""
        if self._cancel.is_set():
            raise Stopped

    def count(self, messages: Sequence[ChatMessage]) -> int | None:
        """Tokens of the messages as they would be sent, estimated where only an endpoint can count.

        `None` for an endpoint whose context window nobody knows: then it does not matter.
        """
        if self.estimated:
            if self.context_length is None:
                return None
            return sum(len(message.content.encode()) // ESTIMATE + 5 for message in messages)
        model = cast(Tokenizing, self._loaded)
        if self.mode == "completion":
            return len(model.encode_text(as_text(messages)))
        return len(model.encode_chat([Message(role=each.role, content=each.content) for each in messages]))


def as_text(messages: Sequence[ChatMessage]) -> str:
    """A prompt to continue, for a model without a chat template; whatever was typed, no chat token is one in it."""
    return "\n\n".join(without_tokens(message.content.strip()) for message in messages) + "\nAnswer:"


def labelled(messages: Sequence[ChatMessage]) -> str:
    """A chat as text, for a person."""
    return "\n\n".join(f"{message.role}: {message.content}" for message in messages)
