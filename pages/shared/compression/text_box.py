"""A text file by its path, or sent by the browser; empty is the text that comes with Loupe."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from pages.shared.compression.session import ERROR
from pages.shared.tuning.uploads import keep


def text_box(label: str, key: str, help: str | None) -> None:
    """Draw it; session state holds the path under `key`."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            label,
            key=key,
            help=help,
            placeholder="Loupe's own documentation, or the path of a text file",
            width=420,
            persist_state="session",
        )
        with st.popover("Upload", icon=":material/upload:"):
            st.file_uploader(
                "UTF-8 text", type=["txt", "md"], key=f"{key}_upload", on_change=_take, args=(key,), max_upload_size=200
            )


def _take(key: str) -> None:
    sent = st.session_state.get(f"{key}_upload")
    if sent is None:
        return
    try:
        st.session_state[key] = str(keep(sent))
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
