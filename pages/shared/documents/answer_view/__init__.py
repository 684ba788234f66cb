"""An answer whose citations are buttons, and whose sentences without support are marked.

A component of our own, because Streamlit has no button inside a text. All text reaches the browser as data and is put
on the page with `textContent`, so nothing that a model writes is ever markup. Knows nothing of how support is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_answer",
    html='<div class="answer"></div>\n<div class="legend" hidden></div>',
    css=(_HERE / "answer_view.css").read_text("utf-8"),
    js=(_HERE / "answer_view.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the answer: text, or a citation that stands where the model put it."""

    text: str = ""
    cites: int | None = None
    """Number of the passage; the piece is then a button."""
    about: str = ""
    """What a pointer on it reads: where the passage is, or why the sentence counts as unsupported."""
    doubtful: bool = False
    """Nothing in the passages supports it."""
    bad: bool = False
    """The citation names a passage that the model was not given."""


def answer_view(
    parts: Sequence[Part],
    *,
    label: str,
    key: str,
    chosen: int | None = None,
    running: bool = False,
    on_choose: Callable[[], None] | None = None,
) -> None:
    """Draw it.

    Args:
        parts: the answer in order; white space and line breaks are kept.
        label: accessible name.
        key: Streamlit key; `st.session_state[key].chosen` holds the chosen number inside `on_choose`.
        chosen: number of the opened passage.
        running: show a caret at the end.
        on_choose: called when a citation was chosen; without it citations are plain numbers.
    """
    _COMPONENT(
        key=key,
        data={
            "label": label,
            "chosen": chosen,
            "running": running,
            "clickable": on_choose is not None,
            "parts": [
                {"t": part.text, "n": part.cites, "about": part.about, "doubtful": part.doubtful, "bad": part.bad}
                for part in parts
            ],
        },
        on_chosen_change=on_choose or _ignore,
    )


def _ignore() -> None:
    """Streamlit wants a callback for every trigger it is to report."""
