"""The compressed versions that there are, how each was made, and what can be done with the ticked ones."""

from __future__ import annotations

import streamlit as st

from core.compression.made import Made, versions
from core.store.export import defuse
from pages.shared.compression.session import choose_to_measure, try_it
from pages.shared.compression.words import how, short


def made_table() -> list[Made]:
    """Draw it; the versions.

    Raises:
        StoreError: the store cannot be read.
    """
    found = versions()
    if not found:
        return found
    st.markdown("**Compressed versions**")
    table = st.dataframe(
        [
            {
                "Name": defuse(made.name),
                "Made of": defuse(short(made.source)),
                "How": how(made.method, made.settings),
                "On disk": made.size_bytes / 1e6,
                "Made": defuse(made.made_at[:16].replace("T", " ")),
            }
            for made in found
        ],
        key=f"compress_made_{hash(tuple(made.ref for made in found))}",  # a selection is by place
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        alt=f"{len(found)} compressed versions: name, what each was made of, how, size and time",
        column_config={
            "How": st.column_config.TextColumn(width="large"),
            "On disk": st.column_config.NumberColumn(format="%.1f MB", width="small"),
        },
    )
    ticked = [found[place] for place in table.selection.rows if place < len(found)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Measure with their originals",
            icon=":material/straighten:",
            key="compress_measure_ticked",
            disabled=not ticked,
            on_click=choose_to_measure,
            args=([*(made.source for made in ticked), *(made.ref for made in ticked)],),
        )
        st.button(
            "Try in Playground",
            icon=":material/experiment:",
            key="compress_try_ticked",
            disabled=len(ticked) != 1,
            on_click=try_it,
            args=(ticked[0].ref if ticked else "",),
        )
        st.caption("" if ticked else "Tick versions to measure or try them. Each is a model like any other.")
    return found
