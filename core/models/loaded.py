"""The shape of a loaded model: what the pool holds and `core.generation` runs.

One class per back end, in `core/models/loaders/`. Knows nothing of decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypedDict

from core.models.capabilities import Capabilities

Backend = Literal["transformers", "llamacpp", "openai"]


class Message(TypedDict):
    """One chat turn; `role` is system, user or assistant."""

    role: str
    content: str


class Loaded(Protocol):
    """A model that can generate now."""

    ref: str
    """Canonical reference, such as `smollm2?dtype=bf16`."""
    backend: Backend
    capabilities: Capabilities
    context_length: int | None
    """Tokens; `None` where only an endpoint knows."""
    closers: list[Callable[[], None]]
    """Called before the weights are dropped: whoever attached threads or caches to the model lets go here."""

    @property
    def memory_bytes(self) -> int:
        """What it holds at this moment, caches included; 0 for an endpoint."""

    def close(self) -> None:
        """Run the closers and give the memory back. Safe to call twice."""


class Tokenizing(Protocol):
    """A loaded model whose tokenizer is in this process."""

    def render_chat(self, messages: Sequence[Message]) -> str:
        """The messages through the model's chat template, ready for an answer.

        Raises:
            InvalidInput: the template refuses these messages, or exceeds its time or memory limit.
        """

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of `render_chat`; special tokens that a person typed are plain text in it."""

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a raw prompt, with whatever the tokenizer puts at the beginning."""

    def decode(self, ids: Sequence[int]) -> str:
        """Text of `ids`, special tokens left out."""
