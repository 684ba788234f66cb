"""Which collection a page works on: one select box, its name in the URL, the same on every page of the section."""

from __future__ import annotations

import streamlit as st

from core.documents.collections import CollectionView
from pages.shared.documents.stock import listed
from pages.shared.text import plain

COLLECTION = "collection"
"""Session key and query parameter."""


def collection_picker() -> CollectionView | None:
    """Draw the box and a line about the collection.

    Returns:
        The chosen collection, `None` when there is none.

    Raises:
        StoreError: the store cannot be read.
    """
    found = {view.name: view for view in listed()}
    if not found:
        return None
    if st.session_state.get(COLLECTION) not in found:
        st.session_state[COLLECTION] = next(iter(found))
    name = st.selectbox("Collection", list(found), key=COLLECTION, bind="query-params", persist_state="session")
    view = found[name]
    st.caption(f"{counted(view.documents, 'file')} · {counted(view.chunks, 'chunk')} · {plain(view.embedding)}")
    return view


def counted(number: int, what: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
