"""Downloading a prompt in any format, with a sentence for everything that the format cannot hold. Saves nothing."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.prompts.formats import FORMATS, write_prompt
from pages.shared.library.draft import Draft
from pages.shared.text import plain


def export(draft: Draft) -> None:
    """Draw the choice of a format and its download, unsaved changes included."""
    if draft.prompt is None:
        st.caption("The text is no valid prompt, so it can only be had as it is.")
        _download(draft.text.encode("utf-8", "replace"), draft.base.file_name)
        return
    chosen = st.selectbox(
        "Format",
        list(FORMATS),
        list(FORMATS).index(draft.base.format),
        key=f"library_export_format_{draft.base.name}",
        format_func=lambda each: FORMATS[each].title,
    )
    known = FORMATS[chosen]
    try:
        written = write_prompt(draft.prompt, known.id)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    with st.container(gap="xsmall"):
        for sentence in written.lost:
            st.caption(f":material/content_cut: {plain(sentence)}")
    if not written.lost:
        st.caption("This format holds all of it.")
    _download(written.content, draft.base.name.rpartition("/")[2] + known.suffixes[0])


def _download(content: bytes, file_name: str) -> None:
    st.download_button(
        f"Download {plain(file_name)}",
        content,
        file_name,
        "text/plain",
        icon=":material/download:",
        key="library_download",
        type="primary",
        on_click="ignore",
    )
