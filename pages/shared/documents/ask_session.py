"""Which answers the page Ask shows, and asking and stopping. Session state keeps ids, drafts and selections only.

The runs' ids are in the URL, so a refresh or a second browser finds them again. As in `pages.shared.session`, whose
docstring has the reasons, runs are started in callbacks under a lock, and what was started is noted in our own object.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.documents.answering import AnswerRequest, runs
from core.errors import LoupeError
from pages.shared.documents import ask_draft as draft

RUNS = "answers"
"""Query parameter that holds the ids of the shown runs, joined by dots."""
ERROR = "ask_error"
MOST_COLUMNS = 2
_SHOWN, _ADOPTED = "ask_shown", "ask_adopted"


@dataclass(frozen=True, slots=True)
class Column:
    """One answer: its run, or why there is none."""

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
    opened: tuple[str, int] | None = None
    """The passage that is open: the run that cites it, and its number there."""
    starting: threading.Lock = field(default_factory=threading.Lock)


def shown_columns() -> list[Column]:
    """A column for every run in the URL, or of those this session showed last; their settings go into the widgets."""
    shown, asked = _shown(), st.query_params.get(RUNS)
    ids = _ids(asked) if asked and asked != shown.left else shown.runs
    if asked and _ids(asked) == shown.runs:  # the browser has caught up
        shown.left = None
    elif ids != shown.runs:
        shown.opened = None
    shown.runs = ids
    if ids and st.query_params.get(RUNS) != ".".join(ids):  # back from another page, whose URL had no runs
        st.query_params[RUNS] = ".".join(ids)
    columns = [column_of(run_id) for run_id in ids]
    found = [column.run for column in columns if column.run]
    if found and st.session_state.get(_ADOPTED) != ids:
        draft.adopt([run.request for run in found])
        st.session_state[_ADOPTED] = ids
    return columns


def column_of(run_id: str) -> Column:
    """The run as it is now."""
    try:
        run = runs.get(run_id)
    except LoupeError as error:
        return Column(None, str(error))
    return Column(run)


def close() -> None:
    """Show no answers: a new conversation with the same settings."""
    shown = _shown()
    shown.runs, shown.left, shown.opened = (), None, None
    st.query_params.pop(RUNS, None)
    st.session_state.pop(_ADOPTED, None)


def opened() -> tuple[str, int] | None:
    """The open passage: the run that cites it, and its number there."""
    return _shown().opened


def open_passage(run_id: str, number: int | None) -> None:
    """Open a passage that a run cites; the open one, or `None`, closes it."""
    shown = _shown()
    wanted = None if number is None else (run_id, number)
    shown.opened = None if shown.opened == wanted else wanted


def once(action: Callable[..., None]) -> Callable[..., None]:
    """`action` as a callback that starts nothing on a page that is over, so that a double click is one start."""
    shown = _shown()
    drawn_for = shown.runs

    def act(*args: Any, **kwargs: Any) -> None:
        with shown.starting:
            if shown.runs == drawn_for:
                action(*args, **kwargs)

    return act


def ask(question: str | None = None) -> None:
    """Put a question to every column; after shown answers it follows on what each of them said.

    Call it from a widget's callback only, wrapped in `once`.

    Args:
        question: what to ask; `None` is what the box holds.
    """
    st.session_state.pop(ERROR, None)
    shown, left = _shown(), st.query_params.get(RUNS)
    text = str(st.session_state.get(draft.QUESTION) or "") if question is None else question
    try:
        before = [runs.get(run_id) for run_id in shown.runs]
        requests = draft.wanted(text, before)
        started = [runs.start(request).id for request in requests]
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        st.session_state[draft.QUESTION] = text  # nothing typed is lost
        return
    _show(shown, started, left)


def again() -> None:
    """Ask the shown question once more, with the settings as they are now."""
    shown, left = _shown(), st.query_params.get(RUNS)
    try:
        earlier = [runs.get(run_id).request for run_id in shown.runs]
        requests = [
            AnswerRequest.parse(**{**dict(request), "history": old.history, "parent": old.parent})
            for request, old in zip(draft.wanted(earlier[0].question, []), [*earlier, earlier[-1]], strict=False)
        ]
        started = [runs.start(request).id for request in requests]
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    _show(shown, started, left)


def stop(*run_ids: str) -> None:
    """End these runs within one token; what has come stays."""
    for run_id in run_ids:
        try:
            runs.cancel(run_id)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)


def _show(shown: Shown, started: list[str], left: str | None) -> None:
    shown.runs, shown.left, shown.opened = tuple(started), left, None  # before anything Streamlit may interrupt
    st.session_state[_ADOPTED] = shown.runs
    st.query_params[RUNS] = ".".join(started)


def _ids(asked: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in asked.split(".") if part))[:MOST_COLUMNS]


def _shown() -> Shown:
    shown: Shown = st.session_state.setdefault(_SHOWN, Shown())
    return shown
