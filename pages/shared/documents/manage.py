"""What can be done to a whole collection: rename, rebuild its index, change its embedding model, delete it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.documents import collections
from core.documents.collections import CollectionView
from core.errors import LoupeError
from pages.shared.documents.shelf import open_collection
from pages.shared.text import plain

ERROR = "docs_manage_error"


def manage(collection: CollectionView) -> None:
    """Draw the menu."""
    name, key = collection.name, f"docs_manage_{collection.id}"
    with st.popover("Manage", icon=":material/settings:", key=f"{key}_menu"):
        st.session_state.setdefault(f"{key}_name", name)
        st.text_input("Name", key=f"{key}_name", max_chars=100)
        st.button("Rename", key=f"{key}_rename", on_click=_rename, args=(collection, f"{key}_name"))
        st.divider()
        st.session_state.setdefault(f"{key}_embedding", collection.embedding)
        st.text_input(
            "Embedding model",
            key=f"{key}_embedding",
            help="Every chunk gets a vector of the new model, as a job; the old one serves until all are there.",
        )
        st.button("Change the model", key=f"{key}_change", on_click=_change, args=(collection, f"{key}_embedding"))
        st.divider()
        st.button(
            "Rebuild the index",
            key=f"{key}_rebuild",
            help="Writes the search index anew from what is stored; nothing is embedded again.",
            on_click=_tried(collections.rebuild),
            args=(name,),
        )
        st.divider()
        sure = st.checkbox(f"Delete “{plain(name)}” with its {collection.documents:,} files", key=f"{key}_sure")
        st.button("Delete for good", key=f"{key}_delete", disabled=not sure, on_click=_delete, args=(name,))
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))


def _rename(collection: CollectionView, key: str) -> None:
    new = str(st.session_state.get(key) or "")
    if _tried(collections.rename)(collection.name, new):
        open_collection(new.strip())


def _change(collection: CollectionView, key: str) -> None:
    _tried(collections.change_embedding)(collection.name, str(st.session_state.get(key) or "").strip())


def _delete(name: str) -> None:
    if _tried(collections.delete)(name):
        open_collection(None)


def _tried(action: Callable[..., Any]) -> Callable[..., bool]:
    """`action` as a callback; whether it worked, else its error is shown."""

    def act(*args: Any) -> bool:
        try:
            action(*args)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)
            return False
        return True

    return act
