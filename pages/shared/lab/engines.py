"""One line in the sidebar: what runs a model's programs, and why something is off. Knows nothing of programs."""

from __future__ import annotations

import streamlit as st

from core.sandbox import EngineStatus, status
from pages.shared.text import plain

NAMES = {"monty": "Monty", "bubblewrap": "full Python"}


def engine_line() -> None:
    """Draw it; the first time in a process the sandbox tests itself, which takes a second."""
    engines = _status()
    on = {each.name: each.available for each in engines}
    parts = [f"{NAMES.get(name, name)} {'on' if available else 'off'}" for name, available in on.items()]
    if on.get("monty") and not on.get("bubblewrap"):
        parts.append("no bubblewrap around it")
    st.caption(f":material/shield: Sandbox: {' · '.join(parts)}")
    for each in engines:
        if not each.available:
            st.caption(plain(each.why or "It is not available."))


@st.cache_data(ttl=60, max_entries=1, show_spinner="The sandbox tests itself…")
def _status() -> tuple[EngineStatus, ...]:
    return status()
