"""One stored run of a technique in full, for the page Runs: its link into the lab, its steps, settings and versions.

Knows nothing of how it is listed.
"""

from __future__ import annotations

import json

import streamlit as st

from core.store.runs import RunRecord
from core.techniques import TECHNIQUES, runs
from pages.shared.lab.column import outcome
from pages.shared.text import plain


def technique_details(record: RunRecord, view: runs.RunView) -> None:
    """Draw it."""
    request = view.request
    st.subheader(plain(record.title or "(empty question)"), anchor=False)
    st.page_link(
        "pages/prompts/lab.py",
        label="Open in the Prompt lab",
        icon=":material/science:",
        query_params={"lab": record.id},
    )
    technique = TECHNIQUES.get(request.technique)
    st.caption(f"{plain(technique.title if technique else request.technique)} · {plain(request.model)}")
    outcome(view)
    with st.expander("Settings and versions", icon=":material/tune:"):
        asked = request.model_dump(mode="json", exclude={"question"}, exclude_defaults=True)
        st.code(json.dumps(asked, indent=2, ensure_ascii=False), language="json", wrap_lines=True)
        st.caption("Settings that are not listed were the technique's own.")
        st.code(json.dumps(json.loads(record.versions), indent=2), language="json")
