"""A model's tokenizer without its weights: to show a prompt and count its tokens before anything runs.

A model that is loaded already is used as it is, and so is one whose tokenizer is part of its back end (llama.cpp,
endpoints). Knows nothing of prompts or of generation.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

from core.errors import ModelLoadError
from core.models import bundled, hub, safety
from core.models.capabilities import Capabilities
from core.models.chat import ChatEncoder, child_template, own_template
from core.models.loaded import Backend, Loaded, Message
from core.models.loaders import BACKENDS, capabilities_of
from core.models.pool import get_pool
from core.models.reference import ModelRef, parse_ref

NO_TEMPLATE = "The model comes without a chat template; use plain completion."
KEPT = 8
"""Tokenizers kept in memory; each is some 20 MB."""


class TokenizerOnly:
    """What a loaded model offers beside generating; satisfies `Loaded` and `Tokenizing`."""

    memory_bytes = 0

    def __init__(self, ref: ModelRef) -> None:
        from transformers import AutoConfig, AutoTokenizer

        folder = bundled.ensure_converted() if ref.kind == "bundled" else ref.path or hub.local_folder(ref)
        if ref.kind != "bundled":
            safety.inspect_folder(folder)
        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            config: Any = AutoConfig.from_pretrained(folder, local_files_only=True).get_text_config(decoder=True)
        except Exception as error:  # the library raises anything at all on files that somebody else wrote
            text = " ".join(str(error).split())[:300] or type(error).__name__
            raise ModelLoadError(f"The tokenizer of {ref} could not be loaded: {text}") from None
        template = tokenizer.get_chat_template() if tokenizer.chat_template else None
        make = own_template if ref.kind == "bundled" else child_template
        self.ref = str(ref)
        self.backend: Backend = BACKENDS[ref.kind]
        self.closers: list[Callable[[], None]] = []
        self.capabilities: Capabilities = capabilities_of(ref)
        if template is None:
            why = {**self.capabilities.why_not, "chat": NO_TEMPLATE}
            self.capabilities = replace(self.capabilities, chat=False, why_not=why)
        length = getattr(config, "max_position_embeddings", None)
        self.context_length: int | None = length if type(length) is int and length > 0 else None
        self._encoder = ChatEncoder(tokenizer, make(template, tokenizer.special_tokens_map) if template else None)
        weakref.finalize(self, self._encoder.close)  # one that is no longer kept ends its template's process

    def render_chat(self, messages: Sequence[Message]) -> str:
        """See `Tokenizing.render_chat`."""
        return self._encoder.render(messages)

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """See `Tokenizing.encode_chat`."""
        return self._encoder.encode_chat(messages)

    def encode_text(self, text: str) -> list[int]:
        """See `Tokenizing.encode_text`."""
        return self._encoder.encode_text(text)

    def decode(self, ids: Sequence[int]) -> str:
        """See `Tokenizing.decode`."""
        return self._encoder.decode(ids)

    def close(self) -> None:
        """End the template's process."""
        self._encoder.close()


@contextmanager
def tokenizer_of(ref: str) -> Iterator[Loaded]:
    """The model of `ref` as far as its tokenizer goes: loaded weights if there are any, else the tokenizer alone.

    Raises:
        InvalidInput: `ref` is not a model reference.
        LoupeError: its files cannot be used; one sentence.
    """
    parsed = parse_ref(ref)
    key = str(parsed)
    ready = any(entry.ref == key and entry.state == "ready" for entry in get_pool().status())
    if ready or BACKENDS[parsed.kind] != "transformers":
        with get_pool().lease(ref) as loaded:
            yield loaded
        return
    yield _alone(key)


def forget() -> None:
    """Keep no tokenizer any longer."""
    _alone.cache_clear()


@lru_cache(maxsize=KEPT)
def _alone(key: str) -> TokenizerOnly:
    try:
        return TokenizerOnly(parse_ref(key))
    except OSError as error:
        raise ModelLoadError(f"{key} cannot be read: {error.strerror or error}.") from None
