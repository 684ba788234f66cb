"""How many tokens a prompt is for the chosen model, against its context window.

Reads a tokenizer, never weights; and not even that before somebody asks, unless the model is in memory anyway. Knows
nothing of where the messages come from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import streamlit as st

from core.errors import LoupeError
from core.models.loaded import Message, Tokenizing
from core.models.tokenizer import tokenizer_of
from core.prompts.file import PromptMessage
from pages.shared.model_picker import is_loaded
from pages.shared.text import plain

ASKED = "library_count"
"""Session key that says whether somebody asked for token counts."""


def token_line(model: str, messages: Sequence[PromptMessage], max_tokens: int) -> None:
    """Draw the count, or the button that asks for it.

    Args:
        model: a model reference.
        messages: as they are sent.
        max_tokens: room that is kept for the answer, in tokens.
    """
    if not st.session_state.get(ASKED) and not is_loaded(model):
        st.button(
            "Count tokens",
            icon=":material/tag:",
            key="library_ask_count",
            type="tertiary",
            on_click=_ask,
            help="Reads the model's tokenizer, which takes some seconds the first time; the weights are not loaded.",
        )
        return
    try:
        count, context = _counted(model, json.dumps([[each.role, each.content] for each in messages]))
    except LoupeError as error:
        st.caption(plain(str(error)))
        return
    if count is None:
        st.caption("Only the endpoint can count its tokens.")
    elif context is None:
        st.caption(f"{count:,} tokens; the context window is not known.")
    else:
        used = count + max_tokens
        words = f"{count:,} tokens + up to {max_tokens:,} for the answer, of {context:,}"
        st.progress(min(1.0, used / context), text=words)
        if used > context:
            st.warning("This is more than the context window holds.", icon=":material/content_cut:")


def _ask() -> None:
    st.session_state[ASKED] = True


@st.cache_data(max_entries=256, ttl=600, show_spinner="Reading the tokenizer…")
def _counted(model: str, messages: str) -> tuple[int | None, int | None]:
    """Tokens of the chat as it would be sent, and of the context window."""
    turns = [Message(role=role, content=content) for role, content in json.loads(messages)]
    with tokenizer_of(model) as loaded:
        if not hasattr(loaded, "encode_chat"):
            return None, loaded.context_length
        tokenizer = cast(Tokenizing, loaded)
        if loaded.capabilities.chat:
            return len(tokenizer.encode_chat(turns)), loaded.context_length
        text = "\n\n".join(turn["content"] for turn in turns)
        return len(tokenizer.encode_text(text)), loaded.context_length
