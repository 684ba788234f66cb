"""Get code: this very run, for four other ways to make it. The programs come from core; this shows and copies them."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.generation import runs
from core.generation.snippets import KINDS, snippet
from pages.shared.text import plain


def get_code(run: runs.RunView) -> None:
    """A button that opens the programs, one tab each."""
    if st.button("Get code", icon=":material/code:", key=f"play_code_{run.id}"):
        _programs(run)


@st.dialog("This run as code", width="large", icon=":material/code:")
def _programs(run: runs.RunView) -> None:
    for tab, (kind, _, language) in zip(st.tabs([label for _, label, _ in KINDS]), KINDS, strict=True):
        with tab:
            try:
                st.code(snippet(kind, run.request, run.result.seed), language=language, wrap_lines=True)
            except LoupeError as error:
                st.info(plain(str(error)))
