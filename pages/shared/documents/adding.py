"""Adding to a collection: what, how it is cut, the preview of that, and the jobs that do it. Embeds nothing itself."""

from __future__ import annotations

import streamlit as st

from core import jobs
from core.documents import collections
from core.documents.collections import CollectionView
from core.documents.settings import SplitSettings
from core.errors import LoupeError
from pages.shared.documents.sources import clear, laid_out, source_picker
from pages.shared.documents.split_panel import fill_split, split_panel, split_settings
from pages.shared.documents.split_preview import split_preview
from pages.shared.text import plain

ERROR = "docs_add_error"
PAGE = "docs"


def adding(collection: CollectionView) -> None:
    """Draw it."""
    left, right = st.columns([4, 8], gap="large")
    with left:
        sources = source_picker(collection.name)
        settings = _settings(collection)
        st.button(
            "Add to the collection",
            icon=":material/add:",
            key=f"docs_add_{collection.name}_{len(sources)}",
            type="primary",
            width="stretch",
            disabled=not sources or settings is None,
            on_click=_add,
            args=(collection,),
        )
        if error := st.session_state.pop(ERROR, None):
            st.error(plain(error))
    with right:
        st.markdown("**Before anything is embedded**")
        if not sources:
            st.caption(
                "Lay out files on the left. Their text appears here, cut as it would be stored: every chunk with its "
                "border, what two chunks share, and a warning where one is longer than the embedding model reads."
            )
        elif settings:
            split_preview(sources, settings, collection.embedding, f"docs_preview_{collection.name}")


def _settings(collection: CollectionView) -> SplitSettings | None:
    """How to cut: to be chosen while the collection is empty, fixed afterwards."""
    if collection.documents:
        st.caption(
            f":material/content_cut: Cut as the collection is: {plain(collections.said(collection.splitter))}. "
            "Another way needs another collection."
        )
        return collection.splitter
    if st.session_state.get(f"{PAGE}_split_of") != collection.name:
        st.session_state[f"{PAGE}_split_of"] = collection.name
        fill_split(PAGE, collection.splitter)
    split_panel(PAGE)
    try:
        return split_settings(PAGE)
    except LoupeError as error:
        st.error(plain(str(error)))
        return None


def _add(collection: CollectionView) -> None:
    st.session_state.pop(ERROR, None)
    sources = laid_out(collection.name)
    if not sources:  # a second click on a page that is over
        return
    try:
        split = split_settings(PAGE) if not collection.documents else None
        collections.add(collection.name, sources, split=split)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    clear(collection.name)


def jobs_of(collection: CollectionView, limit: int = 20) -> list[jobs.JobView]:
    """Jobs of this collection, newest first."""
    return [each for each in jobs.list_jobs(limit=limit) if each.request.get("collection") == collection.id]
