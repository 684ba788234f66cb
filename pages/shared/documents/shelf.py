"""All collections in a table, and a new one. Knows nothing of what is inside them."""

from __future__ import annotations

import streamlit as st

from core.documents import collections
from core.documents.collections import CollectionView
from core.errors import LoupeError
from core.store.export import defuse
from pages.shared.documents.index_words import index_words
from pages.shared.documents.picker import COLLECTION
from pages.shared.text import plain

NAME, EMBEDDING, ERROR = "docs_new_name", "docs_new_embedding", "docs_new_error"


def new_collection() -> None:
    """Draw the button that opens the form."""
    with st.popover("New collection", icon=":material/create_new_folder:", key="docs_new"):
        st.text_input("Name", key=NAME, placeholder="what its files have in common", max_chars=100)
        st.text_input(
            "Embedding model",
            key=EMBEDDING,
            placeholder="minilm",
            help="`minilm` comes with Loupe; `hf:ORG/NAME`, `path:FOLDER` or `api:ENDPOINT/NAME` work too.",
        )
        st.button("Make it", key="docs_make", type="primary", on_click=_make)
        if error := st.session_state.pop(ERROR, None):
            st.error(plain(error))


def shelf(found: list[CollectionView]) -> None:
    """Draw the table; a row opens its collection."""
    drawn = st.dataframe(
        [
            {
                "Collection": defuse(view.name),
                "Files": view.documents,
                "Chunks": view.chunks,
                "Text": view.characters,
                "Embedding": view.embedding,
                "Splitter": collections.said(view.splitter),
                "Index": index_words(view),
            }
            for view in found
        ],
        key="docs_shelf",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        alt="Collections with files, chunks, embedding model, splitter and the state of their index",
        column_config={
            "Collection": st.column_config.TextColumn(width="medium"),
            "Files": st.column_config.NumberColumn(format="localized", width="small"),
            "Chunks": st.column_config.NumberColumn(format="localized", width="small"),
            "Text": st.column_config.NumberColumn("Characters", format="localized", width="small"),
            "Splitter": st.column_config.TextColumn(width="medium"),
            "Index": st.column_config.TextColumn(width="medium"),
        },
    )
    chosen = list(drawn.selection.rows)
    if chosen and chosen[0] < len(found):
        open_collection(found[chosen[0]].name)
        st.rerun()


def open_collection(name: str | None) -> None:
    """Show a collection, or all of them."""
    if name is None:
        st.query_params.pop(COLLECTION, None)
        st.session_state.pop(COLLECTION, None)
    else:
        st.query_params[COLLECTION] = name


def _make() -> None:
    name = str(st.session_state.get(NAME) or "")
    embedding = str(st.session_state.get(EMBEDDING) or "").strip() or "minilm"
    try:
        made = collections.create(name, embedding=embedding)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[NAME] = st.session_state[EMBEDDING] = ""
    open_collection(made.name)
