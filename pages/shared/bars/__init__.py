"""Bars: candidates for one token, before and after the samplers, with cut lines and the rest of the vocabulary.

One component for the lens and for a token's rivals. Text reaches the browser as data and is put on the page with
`textContent`. Knows nothing of samplers: it draws rows, lines and a table, and says which row was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_bars",
    html='<figure>\n<figcaption></figcaption><div class="rows"></div><table hidden></table></figure>',
    css=(_HERE / "bars.css").read_text("utf-8"),
    js=(_HERE / "bars.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate; probabilities are 0–1."""

    id: int
    text: str
    before: float
    after: float | None
    """`None` when the back end does not tell; 0 when it was removed."""
    removed_by: str | None = None
    taken: bool = False
    """Whether this is the token the answer went on with."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Every token that has no row, as one."""

    before: float | None
    after: float | None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A line above row `row` (`row == len(rows)`: above the rest)."""

    row: int
    label: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What one sampler did to the whole vocabulary, already in words."""

    name: str
    setting: str
    kept: str
    removed: str
    mass: str


def bars(
    rows: Sequence[Row],
    rest: Rest,
    *,
    label: str,
    key: str,
    cuts: Sequence[Cut] = (),
    effects: Sequence[Effect] = (),
    on_choose: Callable[[], None] | None = None,
) -> None:
    """Draw the picture.

    Args:
        rows: candidates, most probable first.
        rest: everything else.
        label: what the picture says, in a sentence; screen readers get it.
        key: Streamlit key; `st.session_state[key].chosen` holds the chosen token id inside `on_choose`.
        cuts: lines between rows.
        effects: rows of the table below.
        on_choose: called when a row was chosen; without it rows are not buttons.
    """
    _COMPONENT(
        key=key,
        data={
            "label": label,
            "rows": [asdict(row) for row in rows],
            "rest": asdict(rest),
            "cuts": [asdict(cut) for cut in cuts],
            "effects": [asdict(effect) for effect in effects],
            "clickable": on_choose is not None,
        },
        on_chosen_change=on_choose or _ignore,
    )


def _ignore() -> None:
    """Streamlit wants a callback for every trigger it is to report."""
