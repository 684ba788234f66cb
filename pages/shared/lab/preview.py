"""The exact prompts before anything runs: text, tokens against the context window, what is left out, what comes later.

Reads a tokenizer but never a model's weights; nothing is computed until somebody opens it.
"""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.techniques import TECHNIQUES, Preview, TechniqueRequest, preview
from pages.shared.lab import draft
from pages.shared.lab.blocks import block
from pages.shared.text import plain


def previews() -> None:
    """Draw a tab for every column that Run would start."""
    opened = st.expander(
        "The exact prompts", icon=":material/receipt_long:", key="lab_previews", on_change="rerun", type="compact"
    )
    if not opened.open:
        return
    with opened:
        try:
            wanted = draft.wanted()
        except LoupeError as error:
            st.error(plain(str(error)))
            return
        if not wanted:
            st.caption("Choose a technique and a model to see what would be sent.")
            return
        for tab, each in zip(st.tabs([plain(each.title) for each in wanted]), wanted, strict=True):
            with tab:
                try:
                    request = each.request()
                    _draw(_cached(request.model_dump_json(), request), request)
                except LoupeError as error:
                    st.error(plain(str(error)))


@st.cache_data(max_entries=64, ttl=600, show_spinner="Reading the tokenizer…")
def _cached(key: str, _request: TechniqueRequest) -> Preview:
    return preview(_request)


def _draw(shown: Preview, request: TechniqueRequest) -> None:
    prompt, facts = st.columns([3, 1])
    with prompt:
        block(shown.prompt, height=320)
    with facts:
        _tokens(shown)
        for note in shown.trimmed:
            st.warning(plain(note), icon=":material/content_cut:")
        if not shown.fits:
            st.error("Prompt and answer do not fit the context window; shorten the question or lower max tokens.")
        elif not shown.trimmed:
            st.caption("Nothing is left out.")
        for stage in TECHNIQUES[request.technique].stages[1:]:
            st.caption(f"**Then** {plain(stage)}")


def _tokens(shown: Preview) -> None:
    if shown.prompt_tokens is None:
        st.caption("Only the endpoint can count its tokens.")
        return
    if shown.context_length is None:
        st.caption(f"{shown.prompt_tokens:,} tokens; the context window is not known.")
        return
    used = shown.prompt_tokens + shown.max_tokens
    st.progress(
        min(1.0, used / shown.context_length),
        text=f"{shown.prompt_tokens:,} + up to {shown.max_tokens:,} of {shown.context_length:,} tokens",
    )
