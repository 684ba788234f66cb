"""Choosing a method: what it does to the model, when to choose it, and how QLoRA is something else."""

from __future__ import annotations

import streamlit as st

from core.compression import NAMES, find_method
from pages.shared.compression import draft
from pages.shared.compression.session import fine_tune


def method_desk() -> None:
    """Draw it."""
    titles = {name: find_method(name).title for name in NAMES}
    st.segmented_control(
        "Method",
        list(titles),
        key=draft.METHOD,
        format_func=lambda name: titles[name],
        required=True,
        persist_state="session",
    )
    method = find_method(draft.chosen_method())
    what, when = st.columns(2, gap="medium")
    what.markdown(f"**What is done.** {method.does}")
    when.markdown(f"**When.** {method.choose}")
    st.caption(method.source)
    if method.name in ("nf4", "fp4"):
        _qlora()


def _qlora() -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**QLoRA is something else.** What is here packs weights once, after training, and the model must live "
            "with the loss. QLoRA keeps the weights packed as NF4 *while* an adapter of full precision is trained on "
            "top, so that training can make up for the packing.",
            width="stretch",
        )
        st.button(
            "QLoRA in Fine-tune",
            icon=":material/tune:",
            key="compress_qlora",
            on_click=fine_tune,
            args=(str(st.session_state[draft.MODEL]), "qlora"),
        )
