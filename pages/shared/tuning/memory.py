"""The memory that a run will need, term by term, against what is free; and after it, what it took."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.models.device import gib
from core.tuning.estimating import Estimate
from core.tuning.settings import TuneSettings
from pages.shared.text import plain

TERMS = ("weights", "adapter", "gradients", "optimizer", "activations")
LOOKS: dict[str, tuple[str, Literal["green", "orange", "red"]]] = {
    "fits": (":material/check_circle:", "green"),
    "tight": (":material/warning:", "orange"),
    "will not fit": (":material/block:", "red"),
}


def memory_card(found: Estimate, settings: TuneSettings, method: str) -> None:
    """Draw the terms as one bar, the verdict, and what to change."""
    import altair as alt

    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Memory: {gib(found.total)}** of {gib(found.free)} free", width="stretch")
        icon, colour = LOOKS[found.fit]
        st.badge(found.fit, icon=icon, color=colour)
    values = [
        {"term": f"{name} {gib(getattr(found, name))}", "GiB": getattr(found, name) / 2**30, "order": place}
        for place, name in enumerate(TERMS)
        if getattr(found, name)
    ]
    bar = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height=20)
        .encode(
            x=alt.X("GiB:Q", title="GiB", axis=alt.Axis(tickCount=6), scale=alt.Scale(zero=True)),
            color=alt.Color(
                "term:N",
                sort=[each["term"] for each in values],
                legend=alt.Legend(title=None, orient="top", labelLimit=220),
            ),
            order="order:Q",
            tooltip=[alt.Tooltip("term:N"), alt.Tooltip("GiB:Q", format=".3f")],
        )
        .properties(height=110)
    )
    told = ", ".join(f"{name} {gib(getattr(found, name))}" for name in TERMS)
    st.altair_chart(bar, key="tune_memory", alt=f"Estimated memory: {told}")
    if advice := found.advice(settings, method):
        st.warning(plain(advice))
