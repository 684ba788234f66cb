"""A block of somebody else's text, letter by letter, to the last line break. Knows nothing of what it says."""

from __future__ import annotations

from typing import Literal

import streamlit as st


def block(text: str, language: str | None = None, height: int | Literal["content"] = "content") -> None:
    """Draw it; a prompt's last line break is part of what was sent.

    Args:
        text: what to show, never read as Markdown or HTML.
        language: colours the text as this language.
        height: in pixels; more text than fits scrolls.
    """
    # st.code takes one line break off either end
    st.code(f"\n{text}\n", language=language, wrap_lines=True, height=height)
