"""The tab Side by side: Run and Stop, up to six columns, and where two of them part."""

from __future__ import annotations

import streamlit as st

from core.evals.compare.columns import MOST, Column
from pages.shared.compare import draft
from pages.shared.compare.column import DIFFERENCES, SHADED, column
from pages.shared.compare.handover import handover
from pages.shared.compare.parting_card import parting_card
from pages.shared.compare.prompt_box import examples
from pages.shared.compare.session import duplicate, named, once, running, start, stop

ACROSS = 4
"""Most columns in one row; of five or six, three."""


def draw(shown: dict[int, Column | str | None]) -> None:
    """Draw it.

    Args:
        shown: what each column shows, by its slot from left to right.
    """
    busy = running(shown)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Run all",
            icon=":material/play_arrow:",
            key=f"compare_start_{'.'.join(each.id for each in shown.values() if isinstance(each, Column))}",
            type="primary",
            on_click=once(start),
            disabled=bool(busy),
        )
        st.button(
            "Stop all",
            icon=":material/stop_circle:",
            key="compare_stop_all",
            on_click=stop,
            args=busy,
            disabled=not busy,
        )
        st.button(
            "Column",
            icon=":material/add:",
            key="compare_add",
            on_click=duplicate,
            args=(draft.slots()[-1],),
            disabled=len(draft.slots()) >= MOST,
            help=f"One more column like the last one; at most {MOST}.",
        )
        st.space("stretch")
        st.toggle("Probabilities", key=SHADED, persist_state="session", help="Shade every token by its own.")
        st.toggle("Differences", key=DIFFERENCES, persist_state="session", help="Mark words against column A.")
    if not any(shown.values()):
        examples(once(start))
    names, slots = named(), list(shown)
    base = shown[slots[0]]
    across = len(slots) if len(slots) <= ACROSS else 3
    for first in range(0, len(slots), across):
        row = slots[first : first + across]
        for place, slot in zip(st.columns(max(2, across), border=True), row, strict=False):
            with place:
                compared = base if slot != slots[0] and isinstance(base, Column) else None
                column(slot, names[slot], shown[slot], compared)
    parting_card({slot: each for slot, each in shown.items() if isinstance(each, Column)}, names)
    if any(isinstance(each, Column) for each in shown.values()):
        handover()
