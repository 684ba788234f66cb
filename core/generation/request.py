"""What is asked of a model: a chat or a raw prompt, and how to sample. Validated, frozen, stored with its run.

Knows nothing of which back end will answer.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import InvalidInput
from core.generation.params import SamplingParams, invalid
from core.models.loaded import Message

Mode = Literal["chat", "completion"]
MAX_MESSAGES = 10_000


class ChatMessage(BaseModel):
    """One turn of a chat."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str


class GenerationRequest(BaseModel):
    """One request for `params.n` answers. Build it with `GenerationRequest.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    """A model reference, see `core.models.reference`."""
    mode: Mode = "chat"
    messages: tuple[ChatMessage, ...] = Field((), max_length=MAX_MESSAGES)
    """Chat mode: the conversation so far, a system message first if there is one."""
    prompt: str = ""
    """Completion mode: the raw prompt, sent as it is."""
    params: SamplingParams = SamplingParams()
    top_logprobs: int = Field(0, ge=0, le=100)
    """How many alternatives to report for every token."""
    answer_ids: tuple[int, ...] = ()
    """Token ids the answer already begins with (a fork): they are part of the prompt, and of the shown answer."""
    answer_text: str = ""
    """Text of `answer_ids`."""
    parent: str | None = None
    """Id of the run this one continues, regenerates or forks from."""

    @model_validator(mode="after")
    def _consistent(self) -> GenerationRequest:
        if self.mode == "chat":
            if not any(message.role != "system" and message.content.strip() for message in self.messages):
                raise ValueError("the prompt is empty; write a message")
            if self.messages[-1].role != "user":
                raise ValueError("the last message must be from the user")
        elif not self.prompt:
            raise ValueError("the prompt is empty; write something to continue")
        texts = [("prompt", self.prompt), *(("prompt", message.content) for message in self.messages)]
        texts += [("model", self.model), ("answer_text", self.answer_text)]
        texts += [("stop", stop) for stop in self.params.stop]
        for name, text in texts:
            if any("\ud800" <= char <= "\udfff" for char in text):
                raise ValueError(f"the {name} holds a lone surrogate, which is not valid text; remove it")
        return self

    @property
    def question(self) -> str:
        """What a person typed last."""
        if self.mode == "completion":
            return self.prompt
        return next((message.content for message in reversed(self.messages) if message.role == "user"), "")

    @property
    def chat(self) -> list[Message]:
        """The messages as plain dictionaries."""
        return [Message(role=message.role, content=message.content) for message in self.messages]

    @classmethod
    def parse(cls, **values: Any) -> GenerationRequest:
        """The validated request.

        Raises:
            InvalidInput: a value is missing, malformed or out of range; one sentence.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise invalid(error, "request") from None
        except UnicodeError:
            raise InvalidInput("The prompt is not valid text.") from None
