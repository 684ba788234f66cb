"""Loupe for LangChain: a collection as a retriever, a model as a chat model. Needs `langchain-core` and nothing else.

    from core.integrations.langchain import LoupeChatModel, LoupeRetriever

Both are LangChain's own kind (`BaseRetriever`, `BaseChatModel`), so they stand in any chain. The classes are made at
the first use: importing this module loads neither LangChain nor a model. Knows nothing of chains.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput, Unsupported
from core.events import Finished, SampleFinished, Started, TextDelta
from core.generation.params import SamplingParams
from core.generation.request import ChatMessage, GenerationRequest

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForLLMRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult
    from langchain_core.retrievers import BaseRetriever

CLASSES = ("LoupeChatModel", "LoupeRetriever")
_ROLES = {"system": "system", "developer": "system", "human": "user", "user": "user", "ai": "assistant"}
_ROLES |= {"assistant": "assistant", "AIMessageChunk": "assistant", "HumanMessageChunk": "user"}
_ROLES |= {"SystemMessageChunk": "system"}


def __getattr__(name: str) -> Any:
    if name == "LoupeChatModel":
        return _chat_model()
    if name == "LoupeRetriever":
        return _retriever()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *CLASSES]


@cache
def _retriever() -> type[BaseRetriever]:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class LoupeRetriever(BaseRetriever):  # type: ignore[misc]  # the library is not checked
        """Passages of a collection, the best first.

        `page_content` is what a model reads (the parent's text in a parent–child collection); the metadata holds the
        chunk's id, source, title, page, score and the characters of the document it is.
        """

        collection: str
        """Its name."""
        settings: RetrievalSettings = RetrievalSettings()
        """How it is searched: the object that page, command line and evals use."""

        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            from core.documents import retrieval

            hits = retrieval.search(self.collection, query, self.settings).hits
            return [
                Document(
                    page_content=hit.context,
                    id=str(hit.id),
                    metadata={
                        **hit.metadata,
                        "id": hit.id,
                        "document": hit.document,
                        "source": hit.source,
                        "title": hit.title,
                        "page": hit.page,
                        "score": hit.score,
                        "start": hit.context_start,
                        "end": hit.context_end,
                    },
                )
                for hit in hits
            ]

    return LoupeRetriever


@cache
def _chat_model() -> type[BaseChatModel]:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk
    from langchain_core.messages.ai import UsageMetadata
    from langchain_core.outputs import ChatGenerationChunk
    from pydantic import ConfigDict

    class LoupeChatModel(BaseChatModel):  # type: ignore[misc]  # the library is not checked
        """A model of Loupe's by its reference.

        How it samples is in `params`; `temperature`, `max_tokens`, `seed` and the others may be given to `bind` too.
        """

        model_config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=())

        model: str = "smollm2"
        """A model reference, such as `smollm2`, `hf:ORG/NAME` or `api:ENDPOINT/NAME`."""
        params: SamplingParams = SamplingParams()

        @property
        def _llm_type(self) -> str:
            return "loupe"

        @property
        def _identifying_params(self) -> dict[str, Any]:
            return {"model": self.model, **self.params.model_dump()}

        def _generate(
            self,
            messages: list[BaseMessage],
            stop: list[str] | None = None,
            run_manager: CallbackManagerForLLMRun | None = None,
            **kwargs: Any,
        ) -> ChatResult:
            from langchain_core.language_models.chat_models import generate_from_stream

            return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

        def _stream(
            self,
            messages: list[BaseMessage],
            stop: list[str] | None = None,
            run_manager: CallbackManagerForLLMRun | None = None,
            **kwargs: Any,
        ) -> Iterator[ChatGenerationChunk]:
            from core.generation.generate import generate

            asked = request_of(self.model, self.params, messages, stop, kwargs)
            cancel = threading.Event()
            prompt_tokens = 0
            try:
                for event in generate(asked, cancel):
                    message: AIMessageChunk | None = None
                    if isinstance(event, Started):
                        prompt_tokens = event.prompt_tokens or 0
                    elif isinstance(event, TextDelta) and event.text:
                        message = AIMessageChunk(content=event.text)
                    elif isinstance(event, SampleFinished):
                        facts = {"finish_reason": event.finish_reason, "model_name": self.model}
                        message = AIMessageChunk(content="", response_metadata=facts)
                    elif isinstance(event, Finished):
                        given = event.prompt_tokens or prompt_tokens
                        usage = UsageMetadata(
                            input_tokens=given,
                            output_tokens=event.completion_tokens,
                            total_tokens=given + event.completion_tokens,
                        )
                        message = AIMessageChunk(content="", usage_metadata=usage, chunk_position="last")
                    if message is None:
                        continue
                    chunk = ChatGenerationChunk(message=message)
                    if run_manager and message.content:
                        run_manager.on_llm_new_token(str(message.content), chunk=chunk)
                    yield chunk
            finally:
                cancel.set()  # whoever reads may stop reading

    return LoupeChatModel


def request_of(
    model: str, params: SamplingParams, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
) -> GenerationRequest:
    """LangChain's messages and options as a request.

    Raises:
        Unsupported: a message is no text, or of a role that models here do not have.
        InvalidInput: an option is unknown or out of range; one sentence.
    """
    changed = {name: value for name, value in options.items() if value is not None}
    if unknown := sorted(set(changed) - set(SamplingParams.model_fields)):
        raise InvalidInput(f"Loupe's models have no option {unknown[0]}; leave it out.", unknown[0])
    if changed.get("n", params.n) != 1:
        raise InvalidInput("A chain gets one answer; leave n at 1, or use `batch`.", "n")
    if stop:
        changed["stop"] = tuple(stop)
    return GenerationRequest.parse(
        model=model,
        messages=[_message(message) for message in messages],
        params=SamplingParams.parse(**{**params.model_dump(), **changed}),
    )


def _message(message: BaseMessage) -> ChatMessage:
    role = message.type if message.type != "chat" else str(getattr(message, "role", ""))
    if role not in _ROLES:
        raise Unsupported(f"Loupe's models take system, human and ai messages, not “{role[:40]}”.")
    parts = message.content if isinstance(message.content, list) else [message.content]
    text = ""
    for part in parts:
        if isinstance(part, dict) and part.get("type") == "text":
            part = str(part.get("text", ""))
        if not isinstance(part, str):
            raise Unsupported("Loupe's models read text only; the message holds something else.")
        text += part
    return ChatMessage.model_validate({"role": _ROLES[role], "content": text})
