"""Which match the page shows, and beginning, stopping and voting on it. Session state keeps ids, drafts and selections.

The match's id is in the URL and says nothing of who is in it. As in `pages.shared.session`, whose docstring has the
reasons, matches begin in callbacks under a lock, and what began is noted in our own object.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.evals import arena
from core.evals.arena import Match
from core.evals.arena.ballots import Outcome
from pages.shared.arena import draft
from pages.shared.arena.questions import ExampleQuestion

MATCH = "match"
"""Query parameter that holds the match's id."""
QUESTION, TOPIC, ERROR = "arena_question", "arena_topic", "arena_error"
USUAL_TOPIC = "General"
_SHOWN, _VOTER = "arena_shown", "arena_voter"


@dataclass
class Shown:
    """What this session shows."""

    match: str | None = None
    left: str | None = None
    """The match in the URL when `match` began: the browser may still send it with a click that came early."""
    starting: threading.Lock = field(default_factory=threading.Lock)


def prepare() -> None:
    """Give the question and its topic their first values."""
    st.session_state.setdefault(QUESTION, "")
    st.session_state.setdefault(TOPIC, USUAL_TOPIC)


def shown_match() -> Match | None:
    """The match in the URL, or the one this session began last; a bad or forgotten id becomes a message."""
    shown, asked = _shown(), st.query_params.get(MATCH)
    match_id = asked if asked and asked != shown.left else shown.match
    if asked == shown.match:  # the browser has caught up
        shown.left = None
    if not match_id:
        return None
    try:
        match = arena.find(match_id)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        close()
        return None
    if match.id != shown.match:  # somebody's link
        st.session_state[QUESTION], st.session_state[TOPIC] = match.question, match.topic or USUAL_TOPIC
    shown.match = match.id
    if st.query_params.get(MATCH) != match.id:  # back from another page, whose URL had none
        st.query_params[MATCH] = match.id
    return match


def once(action: Callable[..., None]) -> Callable[..., None]:
    """`action` as a callback that does nothing on a page that is over, so that a double click is one match."""
    shown = _shown()
    drawn_for = shown.match

    def act(*args: Any, **kwargs: Any) -> None:
        with shown.starting:
            if shown.match == drawn_for:
                action(*args, **kwargs)

    return act


def begin() -> None:
    """Let the next two meet on the question; what is refused says why. In callbacks only, wrapped in `once`."""
    st.session_state.pop(ERROR, None)
    shown, left = _shown(), st.query_params.get(MATCH)
    try:
        topic = st.session_state.get(TOPIC) or USUAL_TOPIC
        match = arena.begin(st.session_state.get(QUESTION) or "", topic, draft.contestants())
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    shown.match, shown.left = match.id, left  # before anything that Streamlit may interrupt
    st.query_params[MATCH] = match.id


def take(example: ExampleQuestion) -> None:
    """An example question with its topic, and the first match on it."""
    st.session_state[QUESTION], st.session_state[TOPIC] = example.question, example.topic
    begin()


def stop(match_id: str) -> None:
    """End both answers within one token."""
    try:
        arena.stop(match_id)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)


def cast(match_id: str, outcome: Outcome) -> None:
    """Vote; the match then tells its names."""
    st.session_state.pop(ERROR, None)
    comment = st.session_state.get(comment_key(match_id)) or ""
    try:
        arena.vote(match_id, outcome, voter=_voter(), comment=comment)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)


def close() -> None:
    """Show no match; one without a vote is left as it is."""
    shown = _shown()
    shown.match = shown.left = None
    st.query_params.pop(MATCH, None)


def comment_key(match_id: str) -> str:
    """Session key of the box for a comment."""
    return f"arena_comment_{match_id}"


def _voter() -> str:
    """A random name for this browser's session: votes of one person can be told apart, the person cannot."""
    name: str = st.session_state.setdefault(_VOTER, secrets.token_hex(8))
    return name


def _shown() -> Shown:
    shown: Shown = st.session_state.setdefault(_SHOWN, Shown())
    return shown
