"""The tab Sweep: the desk, its buttons, and the sweep that is shown."""

from __future__ import annotations

import streamlit as st

from core.evals.compare import sweeping
from pages.shared.compare.sweep_desk import desk, size
from pages.shared.compare.sweep_session import ERROR, close, complete, once, start, stop
from pages.shared.compare.sweep_view import sweep_view
from pages.shared.text import plain


def draw(view: sweeping.RunView | None) -> None:
    """Draw it.

    Args:
        view: the sweep that is shown, if any.
    """
    desk()
    running = view is not None and view.running
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Run sweep",
            icon=":material/play_arrow:",
            key=f"sweep_start_{view.id if view else ''}",
            type="primary",
            on_click=once(start),
            disabled=running,
        )
        if view is not None and running:
            st.button(
                "Stop", icon=":material/stop_circle:", key=f"sweep_stop_{view.id}", on_click=stop, args=(view.id,)
            )
        elif view is not None:
            if len([each for each in view.result.samples if each.error is None]) < view.request.outputs:
                st.button(
                    "Complete it",
                    icon=":material/resume:",
                    key=f"sweep_complete_{view.id}",
                    on_click=once(complete),
                    args=(view.id,),
                    help="Draws what is missing or failed; what is there is taken over.",
                )
            st.button("Close", icon=":material/close:", key="sweep_close", on_click=close, type="tertiary")
        if not running and (said := size()):
            st.caption(said)
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    if view is not None:
        sweep_view(view)
