"""What the page Results shows while there is no eval: what one is, and a worked example one click away."""

from __future__ import annotations

import streamlit as st

EVALS = "pages/evaluate/evals.py"


def welcome() -> None:
    """Draw it."""
    st.info(
        "An eval asks several variants (a model, a prompt, settings) the same rows, judges every answer, and says with "
        "intervals which one is better, or how many rows more would settle it. There is none yet: run the worked "
        "example on the Evals page, or `loupe eval run FILE.yaml` in a terminal.",
        icon=":material/leaderboard:",
    )
    st.page_link(EVALS, label="Open the worked example", icon=":material/play_arrow:", query_params={"example": "1"})
