"""Starting an eval from the page: its file is written where a terminal finds it too. Draws nothing."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import streamlit as st

from core.errors import LoupeError
from core.evals import running
from core.evals.running import kept_files
from core.evals.running.overrides import Overrides
from core.evals.running.preview import Look
from pages.shared.evals.state import ERROR, EVAL, FROM_FORM, SOURCE, Draft

_starting = threading.Lock()
_STARTED = "evals_started"


def start(draft: Draft, said: Overrides, look: Look | None) -> None:
    """Start it and put it into the address; call it from a widget's callback only."""
    st.session_state.pop(ERROR, None)
    with _starting:  # a second click that was on its way finds the first one's eval
        if look is None or st.session_state.get(_STARTED) is look:
            return
        try:
            path = path_of(draft)
            record = running.start(draft.file, said=overrides_of(said), path=str(path), checked=look.checked)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)
            return
        st.session_state[_STARTED] = look
    st.query_params[EVAL] = record.id


def ask_again(eval_id: str) -> None:
    """Make the calls of an eval that failed anew; call it from a widget's callback only."""
    st.session_state.pop(ERROR, None)
    try:
        running.resume_eval(eval_id)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)


def path_of(draft: Draft) -> Path:
    """Where the draft's file lies, or where it is written when it is run.

    Raises:
        InvalidInput: it cannot be written.
    """
    if draft.path is not None:
        return draft.path
    content = draft.text.encode()
    if draft.folder is None:
        return kept_files.keep({_safe(draft.name): content}) / _safe(draft.name)
    stem, dot, suffix = _safe(draft.name).partition(".")
    return kept_files.add(draft.folder, f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}{dot}{suffix}", content)


def overrides_of(said: Overrides) -> Overrides:
    """What has to be said to a file that this page wrote: of the form it holds everything itself."""
    if st.session_state.get(SOURCE) == FROM_FORM:
        return Overrides(use_cache=said.use_cache)
    return said


def _safe(name: str) -> str:
    return name if kept_files.is_name(name) else "eval.yaml"
