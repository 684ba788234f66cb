"""A text with what another one lacks or has beside it: marked by colour, by a line under or through it, and by a sign.

A component of our own, because Streamlit has no such view. All text reaches the browser as data and is put on the page
with `textContent`, so nothing a model writes is ever markup. Knows nothing of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.evals.compare.worddiff import Piece

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_word_diff",
    html='<div class="pieces"></div>\n<div class="legend"></div>',
    css=(_HERE / "word_diff.css").read_text("utf-8"),
    js=(_HERE / "word_diff.js").read_text("utf-8"),
)


def word_diff_view(pieces: Sequence[Piece], *, label: str, legend: str, key: str) -> None:
    """Draw them in order.

    Args:
        pieces: what both have, what only the first has (removed) and what only this text has (added).
        label: accessible name of the text.
        legend: what the text is compared with, such as “against A”.
        key: Streamlit key.
    """
    counts = {
        kind: sum(len(each.text.split()) for each in pieces if each.kind == kind) for kind in ("removed", "added")
    }
    _COMPONENT(
        key=key,
        data={
            "label": label,
            "legend": legend,
            "counts": counts,
            "pieces": [{"k": each.kind, "t": each.text} for each in pieces],
        },
    )
