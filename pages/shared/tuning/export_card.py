"""Where a run's result lies, and an adapter merged into its base as a model of its own, by a job."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import jobs
from core.errors import LoupeError
from core.tuning import merging
from pages.shared.jobs import job_line
from pages.shared.text import plain

MERGED, ERROR, NAME = "tune_merged", "tune_merge_error", "tune_merge_name"


def export_card(result: dict[str, Any]) -> None:
    """Draw it, folded."""
    with st.expander("The files, and merging", type="compact", key="tune_files", on_change="rerun") as card:
        if not card.open:
            return
        st.code(str(result["path"]), language=None, wrap_lines=True)
        if "+" not in str(result["ref"]):
            st.caption("A whole model in Hugging Face format: plain transformers loads this folder.")
            return
        st.caption(
            "An adapter: PEFT loads this folder. Merged into its base it becomes a model of its own in safetensors, as "
            "fast as the base, which can be compressed or exported to GGUF."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            usual = f"{result['adapter']}-merged"
            name = st.text_input("Name of the merged model", key=NAME, placeholder=usual, width=280)
            st.button(
                "Merge",
                icon=":material/merge:",
                key="tune_merge",
                on_click=_merge,
                args=(str(result["ref"]), name or usual),
            )
        if error := st.session_state.pop(ERROR, None):
            st.error(plain(error))
        begun = st.session_state.get(MERGED, {}).get(result["ref"])
        if begun:
            job_line(begun, key="tune_merge_line")
            if merged := jobs.get(begun).result.get("ref"):
                st.markdown(f"**{plain(str(merged))}** is a model now.")


def _merge(ref: str, name: str) -> None:
    try:
        job = merging.start(ref, name)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[MERGED] = st.session_state.get(MERGED, {}) | {ref: job}
