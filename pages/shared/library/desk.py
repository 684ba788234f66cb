"""Which prompt this session has open, and its drafts. Session state keeps names, drafts and selections only.

The open prompt's name is in the URL, so a link or a refresh finds it again; drafts outlive a change of page. As in
`pages.shared.session`, whose docstring has the reasons, what a click opened is noted in our own object.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.errors import LoupeError, NotFound
from core.prompts import library
from pages.shared.library import editor
from pages.shared.library.draft import Base, Draft, read_base

PROMPT = "prompt"
"""Query parameter that holds the name of the open prompt."""
TAB = "library_tab"
SEARCH = "library_search"
_DESK = "library_desk"


@dataclass
class Desk:
    """What this session has open."""

    name: str | None = None
    left: str | None = None
    """The name in the URL when `name` was opened: the browser may still send it with a click that came early."""
    drafts: dict[str, Draft] = field(default_factory=dict)
    error: str | None = None
    notice: str | None = None
    gone: str | None = None
    """Name of a prompt that was asked for and is not there."""
    started: str | None = None
    """A run that waits to be shown in the Playground."""
    turn: int = 0
    """How many things were done; also part of the keys of what is to be empty afterwards."""
    acting: threading.Lock = field(default_factory=threading.Lock)


def desk() -> Desk:
    """This session's."""
    found: Desk = st.session_state.setdefault(_DESK, Desk())
    return found


def open_draft() -> Draft | None:
    """The draft of the prompt in the URL, or of the one this session had open last; typed text is taken in.

    An unknown name becomes `Desk.gone`, a file that cannot be read a message: the list is still there.
    """
    here, asked = desk(), st.query_params.get(PROMPT)
    collect()
    name = asked.partition("@")[0] if asked and asked != here.left else here.name
    if asked == here.name:  # the browser has caught up
        here.left = None
    here.name, here.gone = name, None
    if not name:
        return None
    if st.query_params.get(PROMPT) != name:  # back from another page, whose URL had no prompt
        st.query_params[PROMPT] = name
    draft = here.drafts.get(name)
    try:
        now: Base | None = read_base(name)
    except NotFound:
        now = None
    except LoupeError as error:
        here.error = here.error or str(error)
        return draft if draft and draft.dirty else None
    if draft is None:
        if now is None:
            here.gone = name
            return None
        draft = here.drafts[name] = Draft(now)
    elif now is None and not draft.dirty:
        del here.drafts[name]
        here.gone = name
        return None
    elif draft.meet(now):
        here.notice = "The file was changed elsewhere; this is what it holds now."
    return draft


def collect() -> None:
    """Take what was typed into the open draft; an action does it too, since a click can come with the last words."""
    here = desk()
    if draft := here.drafts.get(here.name or ""):
        editor.collect(draft)


def show(name: str | None) -> None:
    """Open a prompt, or none."""
    here = desk()
    if name != here.name:
        if (old := here.drafts.get(here.name or "")) and not old.dirty and old.kept is None:
            del here.drafts[old.base.name]
        here.left, here.name = st.query_params.get(PROMPT), name
    if name:
        st.query_params[PROMPT] = name
    else:
        st.query_params.pop(PROMPT, None)


def act(action: Callable[..., None], *, once: bool = False) -> Callable[..., None]:
    """`action` as a callback: what was typed is taken in first, and what goes wrong becomes a message.

    Args:
        action: what to do.
        once: not again from the page as it is drawn now: a double click finds the callback of the old page, even in
            another thread while the first one is at work.
    """
    here = desk()
    drawn_at = here.turn

    def callback(*args: Any, **kwargs: Any) -> None:
        with here.acting:
            if once and here.turn != drawn_at:
                return
            collect()
            try:
                action(*args, **kwargs)
                here.turn += once
            except library.PromptConflict as error:
                # where unsaved changes are in the way, the page shows both versions; anything else is said
                draft = here.drafts.get(error.name)
                if error.name != here.name or draft is None or not draft.dirty:
                    here.error = str(error)
            except LoupeError as error:
                here.error = str(error)

    return callback
