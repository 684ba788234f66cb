"""Collections: files in, chunks seen before they are embedded, every document with its stored chunks, the map."""

import streamlit as st

from core.documents import collections
from core.errors import LoupeError, NotFound
from pages.shared.documents.adding import adding
from pages.shared.documents.files_table import files
from pages.shared.documents.index_words import index_words
from pages.shared.documents.job_results import job_results, jobs_at_work
from pages.shared.documents.manage import manage
from pages.shared.documents.map_view import map_view
from pages.shared.documents.picker import COLLECTION, counted
from pages.shared.documents.shelf import new_collection, open_collection, shelf
from pages.shared.documents.stock import listed
from pages.shared.documents.welcome import making_example, welcome
from pages.shared.text import plain


def all_of_them() -> None:
    """Every collection in a table, or what one is while there is none.

    Raises:
        LoupeError: the store cannot be read.
    """
    found = listed()
    with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
        st.subheader("Collections", width="stretch", anchor=False)
        new_collection()
    if making_example():
        return
    if found:
        shelf(found)
        st.caption("Tick a collection to open it.")
        jobs_at_work()
    else:
        welcome()


def one(collection: collections.CollectionView) -> None:
    """One collection: what it is, its jobs, and a tab each for its files, for adding, for the map."""
    with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
        st.button("All", icon=":material/arrow_back:", key="docs_all", on_click=open_collection, args=(None,))
        st.subheader(plain(collection.name), width="stretch", anchor=False)
        query = {COLLECTION: collection.name}
        st.page_link("pages/documents/ask.py", label="Ask", icon=":material/forum:", query_params=query)
        st.page_link("pages/documents/measure.py", label="Measure", icon=":material/straighten:", query_params=query)
        manage(collection)
    st.caption(
        f"{counted(collection.documents, 'file')} · {counted(collection.chunks, 'chunk')} · "
        f"{collection.characters:,} characters · {plain(collections.said(collection.splitter))} · embedded by "
        f"{plain(collection.embedding)} · {plain(index_words(collection))}"
    )
    job_results(collection)
    names = ["Files", "Add", "Map"]
    tabs = st.tabs(
        names, key=f"docs_tab_{collection.id}", default="Files" if collection.documents else "Add", on_change="rerun"
    )
    for tab, draw in zip(tabs, (files, adding, map_view), strict=True):
        if tab.open:
            with tab:
                draw(collection)


try:
    if name := st.query_params.get(COLLECTION):
        try:
            one(collections.get(name))
        except NotFound as error:
            st.warning(plain(str(error)))
            all_of_them()
    else:
        all_of_them()
except LoupeError as error:
    st.error(plain(str(error)))
