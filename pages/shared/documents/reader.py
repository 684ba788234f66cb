"""A passage where it stands: its document's text around it, the passage boxed, what supports the answer highlighted.

Knows nothing of how it was found.
"""

from __future__ import annotations

import streamlit as st

from core.documents import collections
from core.documents.answering import runs
from core.errors import LoupeError
from pages.shared.documents.text_view import Border, text_view
from pages.shared.lab.blocks import block
from pages.shared.text import plain


def reader(run: runs.RunView, number: int, height: int = 520) -> None:
    """Draw passage `number` of an answer in its document; a document that is gone leaves the quotation."""
    passage = next((each for each in run.result.passages if each.n == number), None)
    if passage is None:
        st.caption("This passage is not there.")
        return
    st.markdown(f"**{plain(passage.source)}**")
    try:
        document, text, start, end = collections.passage(passage.id)
    except LoupeError as error:
        st.caption(f"{plain(str(error))} This is what the model was given:")
        block(passage.quote)
        return
    evidence = [
        span
        for citation in run.result.citations
        if citation.n == number
        for span in citation.evidence
        if start <= span[0] < span[1] <= end
    ]
    st.caption(
        " · ".join(
            [
                *([f"page {passage.page_label or passage.page}"] if passage.page is not None else []),
                f"characters {start:,}–{end:,} of {len(text):,}",
                "the sentence behind the answer is highlighted" if evidence else "the passage is highlighted",
            ]
        )
    )
    text_view(
        text,
        [Border(number, start, end, f"passage {number}")],
        label="The passage in its document",
        key=f"ask_reader_{run.id}_{number}",
        pages=document.pages,
        highlights=evidence or [(start, end)],
        height=height,
    )
