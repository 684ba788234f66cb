"""Choosing how to train: a method with what it trains, when to choose it, and a picture of where its numbers sit."""

from __future__ import annotations

import streamlit as st

from core.tuning.methods import METHODS
from core.tuning.start import Checked
from pages.shared.text import magnitude, percent
from pages.shared.tuning import draft
from pages.shared.tuning.model_picture import model_picture


def method_desk(checked: Checked | None) -> None:
    """Draw it.

    Args:
        checked: what was found out about the draft; `None` until it is.
    """
    st.segmented_control(
        "Method",
        list(METHODS),
        key=draft.METHOD,
        format_func=lambda name: METHODS[name].title,
        on_change=draft.use_preset,
        required=True,
        persist_state="session",
    )
    method = METHODS[draft.chosen_method()]
    words, picture = st.columns([2, 3], vertical_alignment="center", gap="medium")
    with words:
        st.markdown(f"**What is trained.** {method.trains}")
        st.markdown(f"**When.** {method.when}")
        if method.source:
            st.caption(method.source)
    with picture:
        last = int(st.session_state.get(draft.field("last_layers"), 0)) if "last_layers" in method.options else 0
        model_picture(method, key="tune_picture", last=last)
        if checked is not None:
            counted = checked.counted
            st.markdown(
                f"**{counted.trainable:,}** of {magnitude(counted.total)} numbers are trained: "
                f"**{percent(counted.share)}**"
            )
        else:
            st.caption("How many numbers that is, is counted once there are rows to train on.")
