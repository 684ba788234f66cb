"""Which sweep the page shows, and starting, stopping and completing one. Session state keeps ids and drafts only.

The sweep's id is in the URL, so a refresh or a second browser finds it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.evals.compare import sweeping
from pages.shared.compare import sweep_draft
from pages.shared.compare.session import empty

RUN = "sweep"
"""Query parameter that holds the sweep's id."""
ERROR, CELL = "sweep_error", "sweep_cell"
_SHOWN, _ADOPTED = "sweep_shown", "sweep_adopted"


@dataclass
class Shown:
    """What this session shows."""

    run: str | None = None
    left: str | None = None
    """The sweep in the URL when `run` was started: the browser may still send it with a click that came early."""
    starting: threading.Lock = field(default_factory=threading.Lock)


def shown_sweep() -> sweeping.RunView | None:
    """The sweep in the URL, or the one this session showed last; its settings are put into the widgets once."""
    shown, asked = _shown(), st.query_params.get(RUN)
    if asked == shown.run:  # the browser has caught up
        shown.left = None
    run_id = asked if asked and asked != shown.left else shown.run
    if not run_id:
        return None
    try:
        view = sweeping.get(run_id)
        if st.session_state.get(_ADOPTED) != run_id:
            sweep_draft.adopt(view.request, base=empty())
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        close()
        return None
    st.session_state[_ADOPTED] = shown.run = run_id
    if asked != run_id:
        st.query_params[RUN] = run_id
    return view


def close() -> None:
    """Show no sweep; the settings stay."""
    shown = _shown()
    shown.run = shown.left = None
    st.query_params.pop(RUN, None)
    for key in (_ADOPTED, CELL):
        st.session_state.pop(key, None)


def once(action: Callable[..., None]) -> Callable[..., None]:
    """`action` as a callback that starts nothing on a page that is over, so that a double click is one start."""
    shown = _shown()
    drawn_for = shown.run

    def act(*args: Any, **kwargs: Any) -> None:
        with shown.starting:
            if shown.run == drawn_for:
                action(*args, **kwargs)

    return act


def start() -> None:
    """Start what the widgets hold; call it from a widget's callback only, wrapped in `once`."""
    try:
        _show(sweeping.start(sweep_draft.wanted()))
    except LoupeError as error:
        st.session_state[ERROR] = str(error)


def complete(sweep_id: str) -> None:
    """Draw what a sweep that was stopped lacks; call it from a widget's callback only, wrapped in `once`."""
    try:
        _show(sweeping.complete(sweep_id))
    except LoupeError as error:
        st.session_state[ERROR] = str(error)


def stop(sweep_id: str) -> None:
    """End the sweep; the outputs that are whole stay."""
    try:
        sweeping.cancel(sweep_id)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)


def _show(run: sweeping.LiveRun) -> None:
    shown = _shown()
    shown.run, shown.left = run.id, st.query_params.get(RUN)  # before anything that Streamlit may interrupt
    st.session_state.pop(ERROR, None)
    st.session_state.pop(CELL, None)
    st.session_state[_ADOPTED] = run.id
    st.query_params[RUN] = run.id


def _shown() -> Shown:
    shown: Shown = st.session_state.setdefault(_SHOWN, Shown())
    return shown
