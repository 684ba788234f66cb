"""A scripted model: it says what the test queued, and remembers what it was sent. Everything around it is real.

It counts words as tokens, so that a test can say how long a context window is.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from core.events import Event, Finished, SampleFinished, Started, TextDelta
from core.generation.request import GenerationRequest
from core.models.capabilities import Capabilities
from core.techniques import first_prompt, lab, runs
from core.techniques.request import TechniqueRequest
from core.techniques.result import StepResult, TechniqueResult

Reply = str | list[str] | Callable[[GenerationRequest], str]
"""One text, a list of texts for a call that draws several samples, or what a function makes of the request."""


class Scripted:
    """Satisfies `Loaded` and `Tokenizing`, and stands in for `generate`."""

    ref, memory_bytes = "scripted", 0

    def __init__(self, replies: Sequence[Reply], context_length: int | None = 8192) -> None:
        self.backend = "transformers"
        self.closers: list[Any] = []
        self.context_length = context_length
        self.capabilities = Capabilities(True, True, True, True, True, True, True, True, True)
        self.replies = list(replies)
        self.requests: list[GenerationRequest] = []

    @property
    def prompts(self) -> list[str]:
        """Every prompt it was sent, a chat as labelled text."""
        return [
            each.prompt if each.mode == "completion" else self.render_chat(each.chat)  # type: ignore[arg-type]
            for each in self.requests
        ]

    def render_chat(self, messages: Sequence[dict[str, str]]) -> str:
        return "\n".join(f"<{each['role']}> {each['content']}" for each in messages)

    def encode_text(self, text: str) -> list[int]:
        return list(range(len(re.findall(r"\S+", text))))

    def encode_chat(self, messages: Sequence[dict[str, str]]) -> list[int]:
        return self.encode_text(self.render_chat(messages))

    def close(self) -> None:
        """Nothing to give back."""

    def generate(self, request: GenerationRequest, cancel: threading.Event | None = None) -> Iterator[Event]:
        """The next reply, cut at stop strings as every engine does."""
        self.requests.append(request)
        assert self.replies, f"the script is over, but the model is asked again:\n{self.prompts[-1]}"
        reply = self.replies.pop(0)
        text = reply(request) if callable(reply) else reply
        texts = text if isinstance(text, list) else [text] * request.params.n
        assert len(texts) == request.params.n, "the script has another number of samples than the call draws"
        prompt = self.prompts[-1]
        tokens = len(self.encode_text(prompt))
        yield Started(request.model, prompt, tokens, 0, request.params.n)
        stopped = cancel is not None and cancel.is_set()
        for sample, whole in enumerate(texts):
            ends = [place for stop in request.params.stop if (place := whole.find(stop)) >= 0]
            shown = "" if stopped else whole[: min(ends, default=len(whole))]
            yield TextDelta(sample, shown)
            yield SampleFinished(sample, shown, "cancelled" if stopped else "stop")
        yield Finished(tokens, sum(len(each.split()) for each in texts), 0.01, 0.02)


def script(monkeypatch: pytest.MonkeyPatch, *replies: Reply, context_length: int | None = 8192) -> Scripted:
    """Put a scripted model in the place of every model; runs, steps, wordings and tools stay real."""
    model = Scripted(replies, context_length)

    class Pool:
        @contextmanager
        def lease(self, ref: str, cancel: threading.Event | None = None) -> Iterator[Scripted]:
            yield model

    @contextmanager
    def tokenizer_of(ref: str) -> Iterator[Scripted]:
        yield model

    monkeypatch.setattr(runs, "get_pool", Pool)
    monkeypatch.setattr(first_prompt, "tokenizer_of", tokenizer_of)
    monkeypatch.setattr(lab, "generate", model.generate)
    return model


def ask(technique: str, question: str = "What is 2 + 3?", **values: Any) -> TechniqueResult:
    """One technique to its end."""
    cancel = values.pop("cancel", None) or threading.Event()
    request = TechniqueRequest.parse(technique=technique, model="scripted", question=question, **values)
    result = TechniqueResult()
    for event in runs.work(request, cancel):
        result.fold(event)
    return result


def kinds(result: TechniqueResult) -> list[str]:
    """The kinds of its steps, in order."""
    return [step.kind for step in result.steps]


def steps(result: TechniqueResult, kind: str) -> list[StepResult]:
    """Its steps of one kind."""
    return [step for step in result.steps if step.kind == kind]
