"""The first batch, token by token: what is learned, what is masked, where answers end, what only fills up.

A component of our own, because every token needs a look of its own. Text reaches the browser as data and is put on the
page with `textContent`. Kinds differ in underline and frame, not in colour alone. Knows nothing of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import streamlit as st

from core.tuning.data import PreviewToken

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_batch",
    html='<div class="legend"></div>\n<div class="rows"></div>',
    css=(_HERE / "batch_view.css").read_text("utf-8"),
    js=(_HERE / "batch_view.js").read_text("utf-8"),
)
MOST_TOKENS = 600
"""Of a sequence; the middle of a longer one is left out, since answers stand at the end."""


def batch_view(sequences: Sequence[Sequence[PreviewToken]], *, label: str, key: str) -> None:
    """Draw sequences below one another.

    Args:
        sequences: of `core.tuning.data.preview`.
        label: what is shown, in a sentence; screen readers get it.
        key: Streamlit key.
    """
    _COMPONENT(key=key, data={"label": label, "rows": [_row(each) for each in sequences]})


def _row(tokens: Sequence[PreviewToken]) -> dict[str, object]:
    shown = [token for token in tokens if token.kind != "padding"]
    learned = sum(token.kind in ("trained", "eos") for token in shown)
    numbers = [number for number, _ in groupby(token.row for token in shown)]
    cut = len(shown) - MOST_TOKENS
    kept = shown if cut <= 0 else [*shown[: MOST_TOKENS // 2], *shown[-MOST_TOKENS // 2 :]]
    return {
        "title": f"Row {', '.join(map(str, numbers))}" if len(numbers) == 1 else f"Rows {', '.join(map(str, numbers))}",
        "about": f"{len(shown):,} tokens, {learned:,} learned",
        "tokens": [[token.text, token.kind, token.row] for token in kept],
        "cut": max(cut, 0),
        "cutAt": MOST_TOKENS // 2,
        "padding": len(tokens) - len(shown),
    }
