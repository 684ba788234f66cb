"""The token view: an answer whose every token is shaded by its probability and can be chosen.

A component of our own, because Streamlit has no text with clickable pieces. All text reaches the browser as data and is
put on the page with `textContent`, so nothing a model writes is ever markup. Knows nothing of runs or forks: it draws
spans and says which one was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_tokens",
    html='<div class="tokens"></div>\n<div class="legend" hidden></div>',
    css=(_HERE / "tokens.css").read_text("utf-8"),
    js=(_HERE / "tokens.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the shown text."""

    text: str
    probability: float | None = None
    """Under the model before the samplers, 0–1; `None` when the back end does not tell."""
    index: int | None = None
    """Place among the run's tokens; `None` when it cannot be chosen."""
    kind: Literal["token", "given", "fork", "special"] = "token"
    """`given`: text the answer began with; `fork`: the token where a branch left; `special`: such as `<|im_end|>`."""


def token_view(
    spans: Sequence[Span],
    *,
    label: str,
    key: str,
    shaded: bool = True,
    chosen: int | None = None,
    running: bool = False,
    legend: bool = True,
    on_choose: Callable[[], None] | None = None,
) -> None:
    """Draw `spans` in order.

    Args:
        spans: what to draw; white space and line breaks are kept.
        label: accessible name of the text.
        key: Streamlit key; `st.session_state[key].chosen` holds the chosen index inside `on_choose`.
        shaded: tint improbable tokens.
        chosen: index of the span to mark.
        running: show a caret at the end.
        legend: say below what the shades mean.
        on_choose: called when a token was chosen; without it tokens are plain text.
    """
    _COMPONENT(
        key=key,
        data={
            "label": label,
            "shaded": shaded,
            "chosen": chosen,
            "running": running,
            "legend": legend,
            "clickable": on_choose is not None,
            "spans": [{"t": s.text, "p": s.probability, "i": s.index, "k": s.kind} for s in spans],
        },
        on_chosen_change=on_choose or _ignore,
    )


def _ignore() -> None:
    """Streamlit wants a callback for every trigger it is to report."""
