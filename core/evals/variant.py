"""One way to ask: a model, a prompt, sampling settings, and what may come on top (a technique, documents).

Turns a row into the very request that the Playground, the Prompt lab or Ask would make, so that what is measured is
what a person sees there. Knows nothing of rows' files, assertions or the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.documents.answering.request import AnswerRequest
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from core.generation.params import SamplingParams, invalid
from core.generation.request import GenerationRequest, Mode
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.inputs import as_text
from core.techniques.request import TechniqueRequest

Request: TypeAlias = GenerationRequest | TechniqueRequest | AnswerRequest
PREFIX, SUFFIX = "__prefix", "__suffix"
"""Variables of a row that stand before and after the last message of the user, whatever the prompt; as in promptfoo."""


class Variant(BaseModel):
    """One column of a comparison. Build it with `Variant.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200)
    """For a person; no two variants of a file share one."""
    model: str
    """A model reference, adapters and precision included."""
    messages: tuple[PromptMessage, ...]
    """The prompt; contents may hold `{{variables}}`. With a technique or a collection, the last message of the user is
    the question and a system message is the system prompt."""
    prompt_name: str = ""
    """What the prompt is called where it comes from."""
    mode: Mode | None = None
    """`completion` sends the only message's text as it is; `None` and `chat` use the chat template."""
    params: SamplingParams = SamplingParams(temperature=0)
    technique: str | None = None
    """A key of `core.techniques.TECHNIQUES`."""
    technique_options: dict[str, Any] = {}
    """Fields of `TechniqueRequest`: shots, examples, samples, tools, collection, extract, …"""
    collection: str | None = None
    """Answer from this collection's documents, as the page Ask does."""
    retrieval: RetrievalSettings | None = None
    """How the collection is searched; `None`: as Ask does."""

    @model_validator(mode="after")
    def _consistent(self) -> Variant:
        if not self.messages:
            raise ValueError("the prompt is empty; write a message")
        if self.technique and self.collection:
            raise ValueError("a variant has a technique or a collection, not both; give the technique its own")
        if self.mode == "completion" and len(self.messages) != 1:
            raise ValueError("a completion has one message, its prompt")
        return self

    @classmethod
    def parse(cls, **values: Any) -> Variant:
        """The validated variant.

        Raises:
            InvalidInput: a value is missing, malformed or out of range; one sentence.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise invalid(error, "fields of a variant") from None

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables of the prompt, in order of first use."""
        return self._prompt.variables

    def request(self, values: Mapping[str, Any], repeat: int = 0) -> Request:
        """What is asked for a row.

        Args:
            values: by variable.
            repeat: 0 for the first time a row is asked; each further one samples with the next seed.

        Raises:
            InvalidInput: a variable has no value, or the technique does not take an option; one sentence.
        """
        messages = _framed(self._prompt.render(values), values)
        params = self.params
        if self._drawn:  # a seed always, so that the same file gives the same outputs and may use them again
            params = params.model_copy(update={"seed": (params.seed or 0) + repeat})
        if self.technique is None and self.collection is None:
            return self._generation(messages, params)
        system = "\n\n".join(each.content for each in messages if each.role == "system") or None
        question = next((each.content for each in reversed(messages) if each.role == "user"), "")
        if self.technique is not None:
            return TechniqueRequest.parse(
                technique=self.technique, model=self.model, question=question, system=system, params=params,
                **self.technique_options,
            )  # fmt: skip
        asked = {"retrieval": self.retrieval} if self.retrieval is not None else {}
        return AnswerRequest.parse(
            question=question, model=self.model, collection=self.collection, system=system, params=params, **asked
        )

    @property
    def _drawn(self) -> bool:
        """Whether chance has a part in it: techniques that vote draw their samples at temperature 0 too."""
        from core.techniques.registry import TECHNIQUES

        votes = self.technique in TECHNIQUES and "samples" in TECHNIQUES[self.technique].options
        return votes or not self.params.greedy

    @property
    def _prompt(self) -> PromptFile:
        return PromptFile(messages=self.messages)

    def _generation(self, messages: list[PromptMessage], params: SamplingParams) -> GenerationRequest:
        if self.mode == "completion":
            return GenerationRequest.parse(
                model=self.model, mode="completion", prompt=messages[0].content, params=params
            )
        if messages[-1].role == "assistant":
            raise InvalidInput(f"The prompt of {self.name} ends with the assistant's turn; end it with the user's.")
        chat = [{"role": each.role, "content": each.content} for each in messages]
        return GenerationRequest.parse(model=self.model, messages=chat, params=params)


def _framed(messages: list[PromptMessage], values: Mapping[str, Any]) -> list[PromptMessage]:
    before, after = (as_text(values.get(name) or "") for name in (PREFIX, SUFFIX))
    if not before and not after:
        return messages
    last = max((place for place, each in enumerate(messages) if each.role == "user"), default=len(messages) - 1)
    framed = messages[last].model_copy(update={"content": before + messages[last].content + after})
    return [*messages[:last], framed, *messages[last + 1 :]]
