"""Which part of a long text is shown: a number to choose it, drawn only where the text is longer than one part.

Knows nothing of the text.
"""

from __future__ import annotations

import streamlit as st

from pages.shared.documents.text_view import WINDOW


def window(length: int, key: str, focus: int | None = None) -> tuple[int, int]:
    """Draw the number; the characters `[start, end)` to show.

    Args:
        length: of the text.
        key: Streamlit key.
        focus: a place that must be in sight when it changes.
    """
    parts = max(1, -(-length // WINDOW))
    if parts == 1:
        return 0, length
    if focus is not None and st.session_state.get(f"{key}_focus") != focus:
        st.session_state[f"{key}_focus"] = focus
        st.session_state[key] = min(parts, focus // WINDOW + 1)
    st.session_state[key] = min(max(1, st.session_state.get(key, 1)), parts)
    number = st.number_input(f"Part of the text (of {parts:,})", 1, parts, key=key, width=200)
    # a little more at either end, so that what stands across a border is whole once
    return max(0, (number - 1) * WINDOW - 500), min(length, number * WINDOW + 500)
