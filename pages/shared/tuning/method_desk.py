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
    what, when = st.columns(2, gap="medium")
    what.markdown(f"**What is trained.** {method.trains}")
    when.markdown(f"**When.** {method.when}")
    last = int(st.session_state.get(draft.field("last_layers"), 0)) if "last_layers" in method.options else 0
    model_picture(method, key="tune_picture", last=last)
    known = "counted in a moment" if st.session_state[draft.DATA] else "counted once there are rows to train on"
    said = f":gray[How many numbers that is, is {known}.]"
    if checked is not None:
        counted = checked.counted
        said = (
            f"**{counted.trainable:,}** of {magnitude(counted.total)} numbers are trained: **{percent(counted.share)}**"
        )
    st.markdown(said + (f" · :gray[{method.source}]" if method.source else ""))
