"""What is compared: several techniques on one model, or one technique on several models; and what each technique is.

Knows nothing of how a technique works: its own file describes it.
"""

from __future__ import annotations

import streamlit as st

from core.techniques import TECHNIQUES, Technique
from pages.shared.lab.draft import MODE, MODELS, ONE_TECHNIQUE, tick
from pages.shared.model_picker import models_picker
from pages.shared.text import plain

MODES = {"techniques": "Several techniques", "models": "Several models"}


def chooser() -> None:
    """Draw the switch between the two ways to compare, and the ticks of the one that is on."""
    mode = st.segmented_control(
        "Compare",
        list(MODES),
        key=MODE,
        format_func=MODES.__getitem__,
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    if mode == "models":
        technique, models = st.columns([1, 3], vertical_alignment="bottom")
        with technique, st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox(
                "Technique",
                list(TECHNIQUES),
                key=ONE_TECHNIQUE,
                format_func=lambda name: TECHNIQUES[name].title,
                persist_state="session",
            )
            _about(TECHNIQUES[chosen])
        with models:
            models_picker(MODELS)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for technique in TECHNIQUES.values():
            with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", width="content", wrap=False):
                st.checkbox(technique.title, key=tick(technique.name), persist_state="session")
                _about(technique)


def _about(technique: Technique) -> None:
    """What a product manager wants to know before ticking it."""
    with st.popover(
        ":material/info:", type="tertiary", key=f"lab_about_{technique.name}", help=f"What is {technique.title}?"
    ):
        st.markdown(f"**{plain(technique.title)}**")
        st.markdown(plain(technique.what))
        st.markdown(f"**Helps** {plain(technique.helps)}")
        st.markdown(f"**Does not help** {plain(technique.hurts)}")
        st.markdown(f"**Costs** {plain(technique.cost)}")
        if paper := technique.paper:
            st.caption(f"{plain(paper.authors)} ({paper.year}). [{plain(paper.title)}]({paper.url})")
