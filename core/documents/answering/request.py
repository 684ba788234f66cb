"""What is asked of documents: a question, a collection, a model, how to search. Validated, frozen, stored with its run.

Knows nothing of how any of it is done.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.documents.answering.refusal import DEFAULT_RETRIEVAL
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from core.generation.params import SamplingParams, invalid
from core.generation.request import ChatMessage

MAX_HISTORY = 200
"""Messages."""


class AnswerRequest(BaseModel):
    """One question. Build it with `AnswerRequest.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str
    model: str
    """A model reference, see `core.models.reference`."""
    collection: str | None = None
    """Name of the collection; `None` asks the model alone."""
    use_documents: bool = True
    """`False` asks the same question with the same seed and settings, without the collection."""
    params: SamplingParams = SamplingParams(temperature=0)
    """How the answer is sampled; calls on the way to it (a question rewritten) are greedy."""
    retrieval: RetrievalSettings = DEFAULT_RETRIEVAL
    history: tuple[ChatMessage, ...] = Field((), max_length=MAX_HISTORY)
    """What was said before: questions as `user`, answers as `assistant`, oldest first."""
    stand_alone: bool = True
    """Rewrite a question that follows on others so that it can be searched for; without a history nothing happens."""
    strict: bool = True
    """Replace an answer of which nothing is in the passages by “not in the documents”; what the model said is kept."""
    system: str | None = None
    """A system prompt instead of the wording's own."""
    prompt: str | None = None
    """Name of a prompt in the library to use instead of `documents/answer`."""
    parent: str | None = None
    """Id of the run this one repeats or follows on."""

    @model_validator(mode="after")
    def _usable(self) -> AnswerRequest:
        if not self.question.strip():
            raise ValueError("the question is empty; write one")
        if any(message.role == "system" for message in self.history):
            raise ValueError("the history holds a system message; give it as system")
        texts = {name: getattr(self, name) for name in ("question", "model", "collection", "system", "prompt")}
        texts |= {f"history.{number}": message.content for number, message in enumerate(self.history)}
        for name, text in texts.items():
            if text and any("\ud800" <= char <= "\udfff" for char in text):
                raise ValueError(f"the {name} holds a lone surrogate, which is not valid text; remove it")
        if self.params.n != 1:
            raise ValueError("a question has one answer; leave n at 1")
        return self

    @property
    def with_documents(self) -> bool:
        """Whether a collection is searched."""
        return self.use_documents and self.collection is not None

    def without_documents(self) -> AnswerRequest:
        """The same question to the model alone: what stands beside an answer from documents."""
        return self.model_copy(update={"use_documents": False})

    @classmethod
    def parse(cls, **values: Any) -> AnswerRequest:
        """The validated request.

        Raises:
            InvalidInput: a value is missing, malformed or out of range; one sentence.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise invalid(error, "options of an answer") from None
        except UnicodeError:
            raise InvalidInput("The question is not valid text.") from None
