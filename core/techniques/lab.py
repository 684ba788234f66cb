"""What a technique works with: its wording filled in, a model to ask, programs and tools within reach of Stop.

Knows no technique. It keeps no transcript: everything that happens is an event, whoever watches folds them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from core.errors import InvalidInput, Unsupported
from core.events import Call, Event, SampleFinished, Started, Step
from core.generation.generate import generate
from core.generation.request import GenerationRequest, Mode
from core.models.loaded import Loaded, Message, Tokenizing
from core.prompts import template
from core.prompts.file import PromptMessage
from core.techniques import examples, trimming
from core.techniques.conversation import Conversation
from core.techniques.request import TechniqueRequest
from core.techniques.technique import Events, Technique
from core.techniques.trimming import Parts
from core.techniques.wording import wording_of
from core.tools import chosen, described

MAX_STOPS = 16
"""As many as `SamplingParams` takes."""


class Stopped(Exception):
    """Somebody asked the run to stop."""


class Lab:
    """One run of a technique.

    Attributes:
        request: what was asked.
        wording: the prompt in use.
        mode: how the model is addressed.
        tools: that may be called, by name; none where the technique calls none.
        cancel: set when the run is to stop; hand it to whatever takes time.
    """

    def __init__(
        self, technique: Technique, request: TechniqueRequest, loaded: Loaded, cancel: threading.Event | None = None
    ) -> None:
        self.tools = chosen(request.tools, request.collection) if "tools" in technique.options else {}
        if self.tools:  # what can work here: examples call only these
            request = request.model_copy(update={"tools": tuple(self.tools)})
        self.request = request
        self.cancel = cancel or threading.Event()
        self.wording = wording_of(technique, request.prompt)
        self._technique = technique
        self._loaded = loaded
        self.mode = self._mode()

    def prepare(self, shots: int | None = None, **values: str) -> tuple[Conversation, tuple[str, ...], Parts]:
        """The first prompt, one sentence for everything that was left out of it, and what it is made of.

        Args:
            shots: how many examples, whatever was asked for.
            values: variables of the wording beside `question`, `examples` and `tools`.
        """
        chosen = Parts(tuple(self._examples(shots)))
        parts, notes = trimming.fit(chosen, lambda some: self.count(self.open(some, values)), self.room())
        return self.open(parts, values), notes, parts

    def open(self, parts: Parts, values: Mapping[str, str]) -> Conversation:
        """The first prompt made of these parts."""
        shown = [template.render(self.wording.notes.example, each.values()).strip("\n") for each in parts.examples]
        filled = {
            "question": self.request.question.strip(),
            "examples": "\n\n".join(shown),
            "tools": described(self.tools.values()),
            **values,
        }
        messages = [
            message.model_copy(update={"content": message.content.lstrip("\n")})  # where there are no examples
            for message in self.wording.begin(filled)
        ]
        if self.request.system is not None:
            others = [message for message in messages if message.role != "system"]
            messages = [PromptMessage(role="system", content=self.request.system), *others]
        return Conversation(self.mode, tuple(messages))

    def ask(
        self,
        stage: str,
        conversation: Conversation,
        *,
        n: int = 1,
        stop: tuple[str, ...] = (),
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> Events[list[str]]:
        """Ask the model; its `n` replies.

        Raises:
            Stopped: the run was stopped meanwhile; what had arrived is in the events.
            LoupeError: the model could not answer.
        """
        self.check()
        params = self.request.params
        stops = tuple(dict.fromkeys((*stop, *self.wording.stop, *params.stop)))
        if len(stops) > MAX_STOPS:
            most = MAX_STOPS - len(stops) + len(params.stop)
            raise InvalidInput(f"{self._technique.name} needs stop strings of its own; give at most {most}.", "stop")
        changed: dict[str, object] = {"n": n, "stop": stops}
        if max_tokens is not None:
            changed |= {"max_tokens": min(max_tokens, params.max_tokens), "min_tokens": 0}
        if temperature is not None:
            changed["temperature"] = temperature
        asked = GenerationRequest.parse(
            model=self.request.model,
            params=type(params).parse(**{**params.model_dump(), **changed}),
            **conversation.asked,
        )
        yield Call(stage)
        replies = [""] * n
        for event in generate(asked, self.cancel):
            if isinstance(event, SampleFinished):
                replies[event.sample] = event.text
            yield _with_prompt(event, conversation)
        self.check()
        return replies

    def check(self) -> None:
        """Go on, or not: raises `Stopped` once somebody has asked for it."""
        if self.cancel.is_set():
            raise Stopped

    def count(self, conversation: Conversation) -> int | None:
        """Tokens of the conversation as it would be sent; `None` where only an endpoint can count."""
        if not hasattr(self._loaded, "encode_text"):
            return None
        model = cast(Tokenizing, self._loaded)
        if conversation.mode == "completion":
            return len(model.encode_text(conversation.text))
        return len(model.encode_chat(_chat(conversation)))

    def rendered(self, conversation: Conversation) -> str:
        """The conversation exactly as the model would see it, or as a labelled chat where only the endpoint knows."""
        if conversation.mode == "completion" or not hasattr(self._loaded, "render_chat"):
            return conversation.labelled
        return cast(Tokenizing, self._loaded).render_chat(_chat(conversation))

    @property
    def rule(self) -> str | None:
        """How the answer is found: by the rule that was asked for, else the wording's own; `None`: all of the text."""
        return self.request.extract or self.wording.notes.extract

    @property
    def context_length(self) -> int | None:
        """Tokens that prompt and answer may have together, if anybody knows."""
        return self._loaded.context_length

    def room(self) -> int | None:
        """Tokens that are left for a prompt."""
        return None if self.context_length is None else max(0, self.context_length - self.request.params.max_tokens)

    def fit(self, parts: Parts, build: Callable[[Parts], Conversation]) -> Events[tuple[Conversation, Parts]]:
        """A later prompt made to fit, a step for everything that was left out."""
        parts, notes = trimming.fit(parts, lambda some: self.count(build(some)), self.room())
        for note in notes:
            yield Step("trimmed", note, {})
        return build(parts), parts

    def reserve(self, conversation: Conversation, tokens: int) -> Events[Conversation]:
        """The conversation with room for an answer of `tokens`: the model's own longest replies lose their middle.

        A reply's beginning and end stay, since the end is what a later stage builds on; a step says what was cut.
        """
        if self.context_length is None or (count := self.count(conversation)) is None:
            return conversation
        room, whole = max(0, self.context_length - tokens), count
        while count is not None and count > room:
            place = max(conversation.replies, key=lambda at: len(conversation.turns[at].content), default=None)
            if place is None or len(conversation.turns[place].content) <= trimming.SHORT:
                break
            content = conversation.turns[place].content
            conversation = conversation.replace(
                place, trimming.cut_middle(content, max(trimming.SHORT, len(content) // 2))
            )
            count = self.count(conversation)
        if count != whole:
            note = (
                f"The middle of what the model said before is left out: the prompt had {whole:,} tokens and there is "
            )
            yield Step("trimmed", f"{note}room for {room:,}.", {})
        return conversation

    def fits(self, conversation: Conversation, tokens: int) -> bool:
        """Whether there is room for an answer of `tokens` after it, as far as anybody knows."""
        count = self.count(conversation)
        return self.context_length is None or count is None or count + tokens <= self.context_length

    def _examples(self, shots: int | None) -> list[examples.Example]:
        notes, request = self.wording.notes, self.request
        if "examples" not in self._technique.options or not self.wording.shows_examples:
            return []
        if (source := request.examples or notes.examples) is None:
            raise InvalidInput(f"The prompt {self.wording.name} shows examples; name a file of them.", "examples")
        if shots is None:
            shots = notes.shots if request.shots is None else request.shots
        tools = request.tools if "tools" in self._technique.options else None
        rows = examples.usable(examples.load(source), self.wording.needs, tools, source)
        seed = request.params.seed or 0
        return examples.choose(rows, request.question, shots, request.choose, request.order, seed)

    def _mode(self) -> Mode:
        able = self._loaded.capabilities
        wanted = self.request.mode or self.wording.notes.mode or "chat"
        if self.request.mode is None and self._loaded.backend == "openai" and able.chat:
            wanted = "chat"  # behind endpoints are chat models, and many answer nothing else
        if self.request.mode is not None or getattr(able, wanted):
            if reason := able.reason(wanted):
                raise Unsupported(f"{self.request.model} cannot do {wanted}: {reason}")
            return wanted
        return "completion" if wanted == "chat" else "chat"


def _chat(conversation: Conversation) -> list[Message]:
    return [Message(role=turn["role"], content=turn["content"]) for turn in conversation.messages]


def _with_prompt(event: Event, conversation: Conversation) -> Event:
    """An endpoint tells no prompt: then it is the chat that was sent to it."""
    if isinstance(event, Started) and not event.prompt:
        return replace(event, prompt=conversation.labelled)
    return event
