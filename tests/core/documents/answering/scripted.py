"""A scripted model and a scripted search: both say what the test queued. Everything between them is real.

The model counts words as tokens, so that a test can say how long a context window is.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from core.documents.answering import AnswerRequest, AnswerResult, answer, asking, runs
from core.documents.hit import Hit
from core.documents.retrieval import Dropped, SearchResult
from core.documents.settings import RetrievalSettings
from core.events import Event, Finished, SampleFinished, Started, TextDelta
from core.generation.request import GenerationRequest
from core.models.capabilities import Capabilities

Reply = str | Callable[[GenerationRequest], str]


class Scripted:
    """Satisfies `Loaded` and `Tokenizing`, and stands in for `generate`."""

    ref, memory_bytes, backend = "scripted", 0, "transformers"

    def __init__(self, replies: Sequence[Reply], context_length: int | None, chat: bool) -> None:
        self.closers: list[Any] = []
        self.context_length = context_length
        self.capabilities = Capabilities(chat, True, True, True, True, True, True, True, True)
        self.replies = list(replies)
        self.requests: list[GenerationRequest] = []

    @property
    def prompts(self) -> list[str]:
        """Every prompt it was sent, a chat as labelled text."""
        return [self._prompt(each) for each in self.requests]

    def render_chat(self, messages: Sequence[dict[str, str]]) -> str:
        return "\n".join(f"<{each['role']}> {each['content']}" for each in messages)

    def encode_text(self, text: str) -> list[int]:
        return list(range(len(re.findall(r"\S+", text))))

    def encode_chat(self, messages: Sequence[dict[str, str]]) -> list[int]:
        return self.encode_text(self.render_chat(messages))

    def close(self) -> None:
        """Nothing to give back."""

    def generate(self, request: GenerationRequest, cancel: threading.Event | None = None) -> Iterator[Event]:
        """The next reply."""
        self.requests.append(request)
        assert self.replies, f"the script is over, but the model is asked again:\n{self.prompts[-1]}"
        reply = self.replies.pop(0)
        text = reply(request) if callable(reply) else reply
        stopped = cancel is not None and cancel.is_set()
        shown = "" if stopped else text
        tokens = len(self.prompts[-1].split())
        yield Started(request.model, self.prompts[-1], tokens, request.params.seed or 0, 1)
        yield TextDelta(0, shown)
        yield SampleFinished(0, shown, "cancelled" if stopped else "stop")
        yield Finished(tokens, len(text.split()), 0.01, 0.02)

    def _prompt(self, request: GenerationRequest) -> str:
        return request.prompt if request.mode == "completion" else self.render_chat(request.chat)  # type: ignore[arg-type]


def script(
    monkeypatch: pytest.MonkeyPatch, *replies: Reply, context_length: int | None = 8192, chat: bool = True
) -> Scripted:
    """Put a scripted model in the place of every model."""
    model = Scripted(replies, context_length, chat)

    class Pool:
        @contextmanager
        def lease(self, ref: str, cancel: threading.Event | None = None) -> Iterator[Scripted]:
            yield model

    monkeypatch.setattr(answer, "get_pool", Pool)
    monkeypatch.setattr(asking, "generate", model.generate)
    return model


def hit(number: int, text: str, **values: Any) -> Hit:
    """A hit on the document `number`, by default all of it."""
    start = int(values.pop("start", 0))
    whole = {
        "document": number,
        "score": 1 / number,
        "source": f"{number}.md",
        "title": f"Title {number}",
        "page": None,
        "start": start,
        "end": start + len(text),
        "context": text,
        "context_start": start,
        "context_end": start + len(text),
    }
    return Hit(**{"id": 100 + number, "text": text, **whole, **values})


def ask(
    found: Sequence[Hit] = (), question: str = "How high is it?", dropped: Sequence[Dropped] = (), **values: Any
) -> AnswerResult:
    """One question to its end over what the search finds."""
    request = AnswerRequest.parse(**{"collection": "things", "model": "scripted", "question": question, **values})
    searched: list[str] = []

    def search(
        collection: str, query: str, settings: RetrievalSettings, cancel: threading.Event | None
    ) -> SearchResult:
        searched.append(query)
        return SearchResult(query=query, hits=list(found), queries=[query], dropped=list(dropped))

    result = AnswerResult()
    for event in runs.work(request, threading.Event(), search):
        result.fold(event)
    assert len(searched) == request.with_documents
    return result


def kinds(result: AnswerResult) -> list[str]:
    """The kinds of its steps, in order."""
    return [step.kind for step in result.steps]
