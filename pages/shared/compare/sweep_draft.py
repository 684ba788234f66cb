"""What the widgets of the tab Sweep hold, as a request; and a request back into the widgets. Starts nothing."""

from __future__ import annotations

import streamlit as st

from core.errors import InvalidInput
from core.evals.compare.axes import SETTINGS, Value, values_of
from core.evals.compare.sweep import Axis, SweepRequest
from pages.shared.compare import draft

FIRST, SECOND = "sweep_first", "sweep_second"
SAMPLES, SCORE, EXPECTED, RULE = "sweep_samples", "sweep_score", "sweep_expected", "sweep_rule"
_DEFAULTS = {FIRST: "temperature", SECOND: "top_p", SAMPLES: 3, SCORE: "", EXPECTED: "", RULE: ""}
PLACES = (FIRST, SECOND)


def values_key(place: str, setting: str) -> str:
    """Session key of the values of a setting on one of the two axes; every setting keeps its own."""
    return f"{place}_values_{setting}"


def prepare() -> None:
    """Give every widget that has no value yet its first one."""
    for key, value in _DEFAULTS.items():
        st.session_state.setdefault(key, value)
    for place in PLACES:
        if setting := st.session_state[place]:
            known = SETTINGS[setting]
            st.session_state.setdefault(values_key(place, setting), [] if known.kind == "choice" else known.usual)


def wanted() -> SweepRequest:
    """What is to be swept: the column that the sidebar shows, with one or two of its settings moved.

    Raises:
        LoupeError: something is missing, malformed or out of range; one sentence.
    """
    state = st.session_state
    axes = [axis for place in PLACES if (axis := _axis(place)) is not None]
    if not axes:
        raise InvalidInput("Choose a setting to sweep.", "axes")
    base = draft.variant(state[draft.EDITED])
    return SweepRequest.parse(
        base=base,
        values=draft.values(),
        axes=axes,
        samples=state[SAMPLES],
        score=(state[SCORE] or "").strip(),
        expected=(state[EXPECTED] or "").strip(),
        extract=(state[RULE] or "").strip() or None,
    )


def adopt(request: SweepRequest, *, base: bool) -> None:
    """Put a sweep that is shown into the widgets.

    Args:
        request: of the sweep.
        base: whether its variant becomes the only column; not where columns are shown beside it.
    """
    if base:
        draft.show([request.base])
        for name, value in request.values.items():
            st.session_state[draft.value_key(name)] = value
    for place in PLACES:
        st.session_state[place] = ""
    for place, axis in zip(PLACES, request.axes, strict=False):
        st.session_state[place] = axis.setting
        choice = SETTINGS[axis.setting].kind == "choice"
        values = [str(value) for value in axis.values]
        st.session_state[values_key(place, axis.setting)] = values if choice else ", ".join(map(_typed, axis.values))
    st.session_state[SAMPLES] = request.samples
    st.session_state[EXPECTED] = request.expected
    st.session_state[RULE] = request.extract or ""
    st.session_state[SCORE] = request.score


def _axis(place: str) -> Axis | None:
    setting = st.session_state.get(place)
    if not setting:
        return None
    held = st.session_state.get(values_key(place, setting)) or ""
    values: tuple[Value, ...] = tuple(held) if isinstance(held, list) else values_of(setting, held)
    if not values:
        raise InvalidInput(f"{SETTINGS[setting].title} has no values; choose some.", setting)
    return Axis(setting=setting, values=values)


def _typed(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
