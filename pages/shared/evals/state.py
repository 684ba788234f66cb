"""Session keys of the page Evals, the eval in its address, and the draft that its widgets add up to. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import LoupeError
from core.evals.eval_file import EvalFile
from core.store import evals
from core.store.evals import EvalRecord

PAGE = "evals"
EVAL = "eval"
"""Query parameter: the eval that was started last."""
EXAMPLE_LINK = "example"
"""Query parameter of links to the worked example."""
ERROR = "evals_error"
SOURCE, EXAMPLE = "evals_source", "evals_example"
FROM_EXAMPLE, FROM_FILE, FROM_FORM = "Example", "File", "Form"
TEXT, NAME, FOLDER = "evals_text", "evals_name", "evals_folder"
"""Of the source File: the text as it is edited, what it is called, and where the uploaded files lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An eval that could be run."""

    file: EvalFile
    """With what the sidebar says."""
    name: str
    """What its file is called."""
    path: Path | None
    """Where it lies already; `None`: it is written when it is run."""
    folder: Path | None
    """Where the files lie that it names, where these were uploaded."""
    text: str
    """The file."""


def shown() -> EvalRecord | None:
    """The eval in the address; a bad or unknown id becomes a message."""
    asked = st.query_params.get(EVAL)
    if not asked:
        return None
    try:
        return evals.get(asked)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        st.query_params.pop(EVAL, None)
        return None


def close() -> None:
    """Show no eval."""
    st.query_params.pop(EVAL, None)


def prepare() -> None:
    """Give every widget that has no value yet its first one."""
    if st.query_params.get(EXAMPLE_LINK):
        st.query_params.pop(EXAMPLE_LINK)
        st.session_state[SOURCE] = FROM_EXAMPLE
    st.session_state.setdefault(SOURCE, FROM_EXAMPLE)
    st.session_state.setdefault(TEXT, "")
    st.session_state.setdefault(NAME, "eval.yaml")
