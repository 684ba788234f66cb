"""Two texts side by side, changed words marked by colour, by a line under or through them, and by a sign.

A component of our own, because Streamlit has no such view. All text reaches the browser as data and is put on the page
with `textContent`, so nothing in a prompt is ever markup. Knows nothing of versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import streamlit as st

from core.prompts.diff import DiffRow, Spans, diff

CONTEXT = 3
"""Unchanged lines shown around a change; the others are folded."""
MOST_ROWS = 4000
"""Most lines that are sent to the browser."""
_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_diff",
    html='<div class="note" hidden></div>\n<table class="diff"></table>',
    css=(_HERE / "diff.css").read_text("utf-8"),
    js=(_HERE / "diff.js").read_text("utf-8"),
)
Piece = tuple[str, bool]
"""A stretch of a line, and whether it changed."""


def diff_view(left: str, right: str, left_title: str, right_title: str, *, key: str) -> None:
    """Draw them.

    Args:
        left: the first text.
        right: the second text.
        left_title: what the first one is.
        right_title: what the second one is.
        key: Streamlit key.
    """
    rows = diff(left, right)
    counts = {kind: sum(row.kind == kind for row in rows) for kind in ("changed", "removed", "added")}
    parts = [f"{number:,} {kind}" for kind, number in counts.items() if number]
    note = f"Lines: {', '.join(parts)}" if parts else "No difference."
    if len(rows) > MOST_ROWS:
        note += f"; {len(rows) - MOST_ROWS:,} more lines are not shown"
    _COMPONENT(
        key=key,
        data={
            "label": f"{left_title} beside {right_title}",
            "left": left_title,
            "right": right_title,
            "note": note,
            "blocks": list(blocks(rows[:MOST_ROWS])),
        },
    )


def blocks(rows: Sequence[DiffRow]) -> Iterator[dict[str, Any]]:
    """The rows in order, as `{"fold", "rows"}`: a fold is closed at first, since nothing changed near it."""
    changed = [place for place, row in enumerate(rows) if row.kind != "same"]
    near = {at for place in changed for at in range(place - CONTEXT, place + CONTEXT + 1)}
    marked = [(row, place not in near and row.kind == "same") for place, row in enumerate(rows)]
    for far, group in groupby(marked, lambda pair: pair[1]):
        inside = [row for row, _ in group]
        yield {"fold": far and len(inside) > 2, "rows": [_data(row) for row in inside]}


def pieces(line: str | None, spans: Spans) -> list[Piece] | None:
    """The line cut where a change begins or ends; `None` stays `None`."""
    if line is None:
        return None
    found: list[Piece] = []
    at = 0
    for start, end in spans:
        found += [(line[at:start], False), (line[start:end], True)]
        at = end
    return [piece for piece in [*found, (line[at:], False)] if piece[0]]


def _data(row: DiffRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "ln": row.left_number,
        "rn": row.right_number,
        "l": pieces(row.left, row.left_spans),
        "r": pieces(row.right, row.right_spans),
    }
