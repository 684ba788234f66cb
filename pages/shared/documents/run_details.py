"""One stored answer in full, for the page Runs: its link into Ask, passages, settings and versions.

Knows nothing of how it is listed.
"""

from __future__ import annotations

import json

import streamlit as st

from core.documents.answering import runs
from core.store.runs import RunRecord
from pages.shared.documents.answer_column import outcome
from pages.shared.documents.ask_session import RUNS, opened
from pages.shared.documents.reader import reader
from pages.shared.text import plain


def answer_details(record: RunRecord, view: runs.RunView) -> None:
    """Draw it."""
    st.subheader(plain(record.title or "(empty question)"), anchor=False)
    st.page_link("pages/documents/ask.py", label="Open in Ask", icon=":material/forum:", query_params={RUNS: record.id})
    collection = view.request.collection if view.request.with_documents else None
    st.caption(f"{plain(collection or 'without documents')} · {plain(view.request.model)}")
    if collection is None:
        outcome(view)
        _settings(record, view)
        return
    left, right = st.columns(2, border=True)
    with left:
        outcome(view)
    with right:
        chosen = opened()
        if chosen and chosen[0] == view.id:
            reader(view, chosen[1])
        else:
            st.caption("Press a number in the answer to read its passage here, where it stands in its document.")
    _settings(record, view)


def _settings(record: RunRecord, view: runs.RunView) -> None:
    with st.expander("Settings and versions", icon=":material/tune:"):
        asked = view.request.model_dump(mode="json", exclude={"question", "history"}, exclude_defaults=True)
        st.code(json.dumps(asked, indent=2, ensure_ascii=False), language="json", wrap_lines=True)
        st.caption("Settings that are not listed had their first values.")
        st.code(json.dumps(json.loads(record.versions), indent=2), language="json")
