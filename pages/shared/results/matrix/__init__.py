"""Rows × variants as a table of outputs that can be opened: sign, word and text in every cell.

A component of our own, because a table of Streamlit's shows one line of a cell. All text reaches the browser as data
and is put on the page with `textContent`, so nothing that a model or a data set wrote is ever markup. Knows nothing of
modes and filters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.evals.results import TableCell, TableRow

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_matrix",
    html='<div class="frame" tabindex="0"><table><thead></thead><tbody></tbody></table></div>\n',
    css=(_HERE / "matrix.css").read_text("utf-8"),
    js=(_HERE / "matrix.js").read_text("utf-8"),
)
SHOWN_CHARACTERS = 400
ABOUT_CHARACTERS = 300


def matrix(
    rows: Sequence[TableRow],
    names: Sequence[str],
    *,
    label: str,
    key: str,
    chosen: str | None = None,
    on_choose: Callable[[], None] | None = None,
) -> None:
    """Draw it.

    Args:
        rows: of one page.
        names: of the variants, by place.
        label: accessible name.
        key: Streamlit key; `st.session_state[key].chosen` holds the chosen cell, ROW-VARIANT-REPEAT, inside
            `on_choose`.
        chosen: the cell that is open.
        on_choose: called when a cell was chosen.
    """
    _COMPONENT(
        key=key,
        data={
            "label": label,
            # tuples: for anything else Streamlit imports pandas to see whether it is a data frame
            "names": tuple(names),
            "chosen": chosen or "",
            "rows": tuple(
                {
                    "n": row.number,
                    "about": about(row)[:ABOUT_CHARACTERS],
                    "broken": row.broken,
                    "cells": [[_drawn(cell) for cell in some] for some in row.cells],
                }
                for row in rows
            ),
        },
        on_chosen_change=on_choose or _ignore,
    )


def about(row: TableRow) -> str:
    """What a row is: its description, else its variables."""
    if row.description:
        return row.description
    values = [str(value) for value in row.vars.values()]
    if len(values) == 1:
        return values[0]
    return "\n".join(f"{name}: {value}" for name, value in zip(row.vars, values, strict=True))


def _drawn(cell: TableCell) -> dict[str, Any]:
    return {
        "id": f"{cell.row}-{cell.variant}-{cell.repeat}",
        "status": cell.status,
        "score": None if cell.score in (0.0, 1.0) else round(cell.score, 3),
        "text": cell.error if cell.status == "error" else cell.text[:SHOWN_CHARACTERS],
        "more": cell.cut or len(cell.text) > SHOWN_CHARACTERS,
        "reason": "" if cell.passed and not cell.overridden else cell.reason,
        "person": cell.overridden,
    }


def _ignore() -> None:
    """Streamlit wants a callback for every trigger it is to report."""
