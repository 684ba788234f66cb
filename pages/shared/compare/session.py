"""Which runs the columns show, and starting and stopping them. Session state keeps ids, drafts and selections only.

The runs' ids are in the URL, so a refresh or a second browser finds them again. As in `pages.shared.session`, whose
docstring has the reasons, runs are started in callbacks under a lock, and what was started is noted in our own object.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.evals.compare import columns
from core.evals.compare.columns import MOST, Column
from core.evals.compare.variants import names_of, variant_of
from core.evals.variant import Variant
from pages.shared.compare import draft

RUNS = "columns"
"""Query parameter that holds the ids of the shown runs, joined by dots."""
ERROR = "compare_error"
TAB, COLUMNS_TAB, SWEEP_TAB = "compare_tab", "Side by side", "Sweep"
"""Session key of the tabs, and their names."""
_SHOWN = "compare_shown"


@dataclass
class Shown:
    """What this session shows."""

    runs: dict[int, str] = field(default_factory=dict)
    """The run of each column's slot that has one."""
    problems: dict[int, str] = field(default_factory=dict)
    """Why a column could not be started."""
    left: str | None = None
    """The runs in the URL when `runs` were started: the browser may still send them with a click that came early."""
    starting: threading.Lock = field(default_factory=threading.Lock)


def shown_columns() -> dict[int, Column | str | None]:
    """What each column shows, by its slot from left to right: a run, why there is none, or nothing yet.

    Runs in the URL that this session does not show become the columns, and their settings go into the widgets. A bad or
    unknown id becomes a column that says so.
    """
    shown, asked = _shown(), st.query_params.get(RUNS)
    now = ".".join(shown.runs[slot] for slot in draft.slots() if slot in shown.runs)
    if asked == now:  # the browser has caught up
        shown.left = None
    elif asked and asked != shown.left:
        _adopt(asked)
    elif now and asked != now:  # back from another page, whose URL had no runs
        st.query_params[RUNS] = now
    return {slot: _of(slot) for slot in draft.slots()}


def named() -> dict[int, str]:
    """What tells each column from the others, by its slot; of one that cannot be used, that it cannot."""
    found: dict[int, Variant] = {}
    for slot in draft.slots():
        try:
            found[slot] = draft.variant(slot)
        except LoupeError:  # Run says what is wrong with it
            continue
    names = dict(zip(found, names_of(list(found.values())), strict=True))
    return {slot: names.get(slot, "cannot be run as it is set") for slot in draft.slots()}


def running(shown: dict[int, Column | str | None]) -> list[str]:
    """Ids of the runs that are not over."""
    return [each.id for each in shown.values() if isinstance(each, Column) and each.running]


def empty() -> bool:
    """Whether no column shows a run, here or in the URL."""
    return not _shown().runs and RUNS not in st.query_params


def close() -> None:
    """Show no runs; columns and settings stay."""
    shown = _shown()
    shown.runs, shown.problems, shown.left = {}, {}, None
    st.query_params.pop(RUNS, None)


def once(action: Callable[..., None]) -> Callable[..., None]:
    """`action` as a callback that starts nothing on a page that is over, so that a double click is one start."""
    shown = _shown()
    drawn_for = dict(shown.runs)

    def act(*args: Any, **kwargs: Any) -> None:
        with shown.starting:
            if shown.runs == drawn_for:
                action(*args, **kwargs)

    return act


def start(*wanted: int) -> None:
    """Start columns together, all of them unless slots are given; what is refused says why in its place.

    Call it from a widget's callback only, wrapped in `once`.
    """
    st.session_state.pop(ERROR, None)
    shown, left = _shown(), st.query_params.get(RUNS)
    variants: dict[int, Variant] = {}
    problems: dict[int, str] = {}
    for slot in wanted or draft.slots():
        try:
            variants[slot] = draft.variant(slot)
        except LoupeError as error:
            problems[slot] = str(error)
    try:
        found = columns.start(list(variants.values()), draft.values()) if variants else []
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    runs = {} if not wanted else {slot: run for slot, run in shown.runs.items() if slot not in wanted}
    for slot, each in zip(variants, found, strict=True):
        if each.run is None:
            problems[slot] = each.problem or "It could not be started."
        else:
            runs[slot] = each.run
    if not any(each.run for each in found) and len(set(problems.values())) == 1:
        st.session_state[ERROR] = next(iter(problems.values()))  # what every column would say is said once
        return
    kept = {slot: text for slot, text in shown.problems.items() if wanted and slot not in wanted}
    shown.runs, shown.problems, shown.left = runs, {**kept, **problems}, left  # before anything Streamlit may interrupt
    _note()


def stop(*run_ids: str) -> None:
    """End these runs within one token; what has come stays."""
    for run_id in run_ids:
        try:
            columns.stop(run_id)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)


def drop(slot: int) -> None:
    """Take a column away, with its run from the URL; the run itself stays on the Runs page."""
    shown = _shown()
    draft.remove(slot)
    if slot not in draft.slots():
        shown.runs.pop(slot, None)
        shown.problems.pop(slot, None)
        _note()


def duplicate(slot: int | None = None) -> None:
    """A further column like this one, with nothing run yet; a fresh one at the end without a slot."""
    fresh = draft.add(slot)
    if fresh is not None:
        shown = _shown()
        shown.runs.pop(fresh, None)
        shown.problems.pop(fresh, None)


def _note() -> None:
    """The runs as they are, into the URL."""
    shown = _shown()
    if ids := [shown.runs[slot] for slot in draft.slots() if slot in shown.runs]:
        st.query_params[RUNS] = ".".join(ids)
    else:
        st.query_params.pop(RUNS, None)


def _adopt(asked: str) -> None:
    """Show the runs of a link: a column each, with the settings it ran with."""
    shown = _shown()
    ids = tuple(dict.fromkeys(part for part in asked.split(".") if part))[:MOST]
    found: list[Variant | None] = []
    problems: dict[int, str] = {}
    for place, run_id in enumerate(ids):
        try:
            found.append(variant_of(columns.find(run_id).request, draft.LETTERS[place]))
        except LoupeError as error:
            problems[place] = str(error)
            found.append(None)
    known = [each for each in found if each is not None]
    if not known:
        if ids:
            st.session_state[ERROR] = problems[0]
        close()
        return
    draft.show([each or known[0] for each in found])
    st.session_state[TAB] = COLUMNS_TAB
    shown.runs = {slot: run_id for slot, run_id in enumerate(ids) if slot not in problems}
    shown.problems, shown.left = problems, asked
    _note()


def _of(slot: int) -> Column | str | None:
    shown = _shown()
    if slot in shown.problems:
        return shown.problems[slot]
    if slot not in shown.runs:
        return None
    try:
        return columns.find(shown.runs[slot])
    except LoupeError as error:
        return str(error)


def _shown() -> Shown:
    shown: Shown = st.session_state.setdefault(_SHOWN, Shown())
    return shown
