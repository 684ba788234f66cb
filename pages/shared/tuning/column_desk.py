"""Saying which column of a file is read as what, where its columns have other names than the usual ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.errors import LoupeError
from core.tuning.data import column_names, formats
from pages.shared.tuning import draft


def column_desk(path: Path, format: str, found: Mapping[str, str]) -> None:
    """Draw a choice of a column for everything that a row of the format holds.

    Args:
        path: the file.
        format: one of `FORMATS`.
        found: columns that are read now, by what they are read as.
    """
    try:
        names = column_names(path)
    except LoupeError:  # said already, where the rows would be
        return
    known = formats.FORMATS[format]
    usual = {name.strip().lower(): name for name in names}
    seen = {role: usual[each] for role, called in known.ROLES.items() for each in reversed(called) if each in usual}
    with st.container(horizontal=True):
        for role in known.ROLES:
            key = draft.column(role)
            if st.session_state.get(key) not in names:  # a column of another file
                st.session_state[key] = None
            st.selectbox(
                role.capitalize() + ("" if role in known.NEEDED else " (optional)"),
                names,
                index=None,
                key=key,
                format_func=_cut,
                placeholder=_cut({**seen, **found}.get(role, "No column")),
                on_change=_named,
                args=(format,),
                width=200,
                persist_state="session",
            )


def _cut(name: str) -> str:
    return name if len(name) <= 60 else name[:59] + "…"


def _named(format: str) -> None:
    """A column that is named belongs to the format it was named in."""
    st.session_state[draft.FORMAT] = format
