"""One stored sweep in full, for the page Runs: its link into Compare, its grid and settings.

Knows nothing of lists.
"""

from __future__ import annotations

import json

import streamlit as st

from core.evals.compare import sweeping
from core.store.runs import RunRecord
from pages.shared.compare.sweep_view import sweep_view
from pages.shared.text import plain


def sweep_details(record: RunRecord, view: sweeping.RunView) -> None:
    """Draw it."""
    st.subheader(plain(record.title or "(empty prompt)"), anchor=False)
    st.page_link(
        "pages/try/compare.py", label="Open in Compare", icon=":material/compare:", query_params={"sweep": record.id}
    )
    sweep_view(view)
    with st.expander("Settings and versions", icon=":material/tune:"):
        asked = view.request.model_dump(mode="json", exclude={"variants"}, exclude_defaults=True)
        st.code(json.dumps(asked, indent=2, ensure_ascii=False), language="json", wrap_lines=True)
        st.code(json.dumps(json.loads(record.versions), indent=2), language="json")
