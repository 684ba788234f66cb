"""Which runs the lab shows, and starting and stopping them. Session state keeps ids, drafts and selections only.

The runs' ids are in the URL, so a refresh or a second browser finds them again. As in `pages.shared.session`, whose
docstring has the reasons, runs are started in callbacks under a lock, and what was started is noted in our own object.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core import techniques
from core.errors import LoupeError
from core.techniques import TECHNIQUES, runs
from pages.shared.lab import draft

RUNS = "lab"
"""Query parameter that holds the ids of the shown runs, joined by dots."""
ERROR = "lab_error"
MOST_COLUMNS = 12
_NOTHING = {"techniques": "Tick at least one technique.", "models": "Choose at least one model."}
_SHOWN, _ADOPTED = "lab_shown", "lab_adopted"


@dataclass(frozen=True, slots=True)
class Column:
    """One way to answer the question: its run, or why there is none."""

    title: str
    run: runs.RunView | None
    problem: str | None = None

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self.run is not None and self.run.running


@dataclass
class Shown:
    """What this session shows."""

    runs: tuple[str, ...] = ()
    left: str | None = None
    """The runs in the URL when `runs` were started: the browser may still send them with a click that came early."""
    refused: tuple[Column, ...] = ()
    """What could not be started beside them."""
    starting: threading.Lock = field(default_factory=threading.Lock)


def shown_columns() -> list[Column]:
    """A column for every run in the URL, or of those this session showed last; their question is put into the widgets.

    A bad or unknown id becomes a column that says so: the others are still shown.
    """
    shown, asked = _shown(), st.query_params.get(RUNS)
    ids = _ids(asked) if asked and asked != shown.left else shown.runs
    if asked and _ids(asked) == shown.runs:  # the browser has caught up
        shown.left = None
    elif ids != shown.runs:
        shown.refused = ()
    shown.runs = ids
    if ids and st.query_params.get(RUNS) != ".".join(ids):  # back from another page, whose URL had no runs
        st.query_params[RUNS] = ".".join(ids)
    columns = [column_of(run_id) for run_id in ids]
    found = [column.run for column in columns if column.run]
    if found and st.session_state.get(_ADOPTED) != ids:
        draft.adopt([run.request for run in found])
        st.session_state[_ADOPTED] = ids
    return [*columns, *shown.refused]


def column_of(run_id: str) -> Column:
    """The run as it is now."""
    try:
        run = runs.get(run_id)
    except LoupeError as error:
        return Column("Not found", None, str(error))
    technique = TECHNIQUES.get(run.request.technique)
    return Column(technique.title if technique else run.request.technique, run)


def close() -> None:
    """Show no runs; question and settings stay."""
    shown = _shown()
    shown.runs, shown.left, shown.refused = (), None, ()
    st.query_params.pop(RUNS, None)
    st.session_state.pop(_ADOPTED, None)


def once(action: Callable[..., None]) -> Callable[..., None]:
    """`action` as a callback that starts nothing on a page that is over, so that a double click is one start."""
    shown = _shown()
    drawn_for = shown.runs

    def act(*args: Any, **kwargs: Any) -> None:
        with shown.starting:
            if shown.runs == drawn_for:
                action(*args, **kwargs)

    return act


def start() -> None:
    """Start every ticked technique on the question; what is refused becomes a column that says why.

    Call it from a widget's callback only, wrapped in `once`.
    """
    st.session_state.pop(ERROR, None)
    shown, left = _shown(), st.query_params.get(RUNS)
    started, refused = [], []
    try:
        wanted = draft.wanted()
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    for each in wanted:
        try:
            started.append(techniques.start(each.request()).id)
        except LoupeError as error:
            refused.append(Column(each.title, None, str(error)))
    if not started:  # what every column would say is said once
        st.session_state[ERROR] = refused[0].problem if refused else _NOTHING[st.session_state[draft.MODE]]
        return
    shown.runs, shown.left, shown.refused = tuple(started), left, tuple(refused)  # before Streamlit may interrupt
    st.session_state[_ADOPTED] = shown.runs
    st.query_params[RUNS] = ".".join(started)


def stop(*run_ids: str) -> None:
    """End these runs within one token; what has come stays."""
    for run_id in run_ids:
        try:
            runs.cancel(run_id)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)


def _ids(asked: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in asked.split(".") if part))[:MOST_COLUMNS]


def _shown() -> Shown:
    shown: Shown = st.session_state.setdefault(_SHOWN, Shown())
    return shown
