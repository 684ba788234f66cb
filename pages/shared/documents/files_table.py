"""The files of a collection, one of them with the chunks that are stored, removing some. Knows nothing of searching."""

from __future__ import annotations

import streamlit as st

from core.documents import collections
from core.documents.collections import ChunkView, CollectionView, DocumentView
from core.documents.splitting.preview import histogram as bins
from core.errors import LoupeError
from core.store.export import defuse
from pages.shared.documents.histogram import histogram
from pages.shared.documents.stock import chunks_by_path, documents_of
from pages.shared.documents.text_view import Border, page_name, text_view
from pages.shared.documents.windows import window
from pages.shared.text import magnitude, plain

MOST_ROWS = 5000
TABLE_PX, ROW_PX = 460, 35
OPENED, ERROR = "docs_opened", "docs_files_error"
"""(document's id, chunk's ordinal or `None`) that the inspector shows."""


def files(collection: CollectionView) -> None:
    """Draw the table and, beside it, what is ticked."""
    rows = documents_of(collection)
    if not rows:
        st.caption("No file yet: lay some out under **Add**.")
        return
    left, right = st.columns([7, 6], gap="medium")
    with left:
        search = st.text_input("Find", key="docs_find", placeholder="part of a name", label_visibility="collapsed")
        shown = [row for row in rows if search.lower() in row.path.lower()][:MOST_ROWS]
        ticked = _table(shown, collection)
        _remove(collection, ticked)
    with right:
        place = st.session_state.get(OPENED)
        if len(ticked) == 1:
            inspector(ticked[0])
        elif ticked:
            st.caption(f"{len(ticked):,} files are ticked.")
        elif place and (row := next((row for row in rows if row.id == place[0]), None)):
            inspector(row)
        else:
            st.caption("Tick a file to see its text and the chunks that are stored of it.")


def inspector(document: DocumentView) -> None:
    """One document: its text with the borders of its stored chunks."""
    try:
        _, text = collections.document(document.id)
        chunks = collections.chunks_of(document.id)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    st.markdown(f"**{plain(document.title or document.path)}**")
    pages = f" · {len(document.pages):,} pages" if document.pages else ""
    st.caption(
        f"{plain(document.kind)} · {magnitude(document.size, (' B', ' kB', ' MB', ' GB'))} · "
        f"{len(text):,} characters{pages} · {len(chunks):,} chunk{'' if len(chunks) == 1 else 's'}"
    )
    for note in document.notes:
        st.caption(f":material/info: {plain(note)}")
    opened = st.session_state.get(OPENED)
    chosen = opened[1] if opened and opened[0] == document.id else None
    key = f"docs_text_{document.id}"
    focus = next((chunk.start for chunk in chunks if chunk.ordinal == chosen), None)

    def choose() -> None:
        number = st.session_state[key].chosen - 1
        st.session_state[OPENED] = (document.id, None if number == chosen else number)

    text_view(
        text,
        [Border(chunk.ordinal + 1, chunk.start, chunk.end, f"{chunk.tokens:,} tokens") for chunk in chunks],
        label="The text with its stored chunks",
        key=key,
        pages=document.pages,
        chosen=None if chosen is None else chosen + 1,
        window=window(len(text), f"docs_part_{document.id}", focus),
        on_choose=choose,
    )
    if chosen is not None and (chunk := next((each for each in chunks if each.ordinal == chosen), None)):
        _chunk(chunk, document)
    elif len(chunks) > 1:
        histogram(bins([chunk.tokens for chunk in chunks]), None, f"docs_sizes_{document.id}")


def _chunk(chunk: ChunkView, document: DocumentView) -> None:
    page = next((page for page in document.pages if page.number == chunk.page), None)
    parts = [f"**Chunk {chunk.ordinal + 1}**", f"{chunk.tokens:,} tokens", f"characters {chunk.start:,}–{chunk.end:,}"]
    if page:
        parts.append(plain(page_name(page)))
    if chunk.parent_start is not None and chunk.parent_end is not None:
        parts.append(f"read with characters {chunk.parent_start:,}–{chunk.parent_end:,} around it")
    st.caption(" · ".join(parts))


def _table(rows: list[DocumentView], collection: CollectionView) -> list[DocumentView]:
    counts = chunks_by_path(collection)
    drawn = st.dataframe(
        [
            {
                "File": defuse(row.path),
                "Kind": row.kind,
                "Size": row.size / 1000,
                "Chunks": counts.get(row.path, 0),
                "Added": row.added_at,
                "Notes": defuse(" ".join(row.notes)),
            }
            for row in rows
        ],
        # a selection is by place: other rows, other table
        key=f"docs_files_{collection.name}_{hash(tuple(row.id for row in rows))}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="–",
        height=min(TABLE_PX, ROW_PX * (len(rows) + 1) + 3),
        alt="Files of the collection with kind, size, chunks, when they were added, and notes",
        column_config={
            "File": st.column_config.TextColumn(width=185),
            "Kind": st.column_config.TextColumn(width=82),
            "Size": st.column_config.NumberColumn(format="%.1f kB", width=75),
            "Chunks": st.column_config.NumberColumn(format="localized", width=65),
            "Added": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=130),
        },
    )
    return [rows[place] for place in drawn.selection.rows if place < len(rows)]


def _remove(collection: CollectionView, ticked: list[DocumentView]) -> None:
    number = len(ticked)
    with st.popover("Remove…", icon=":material/delete:", disabled=not ticked):
        st.markdown(f"Remove {number} file{'' if number == 1 else 's'} from the collection?")
        st.button(
            "Remove",
            type="primary",
            key="docs_remove",
            on_click=_removed,
            args=(collection.name, [row.path for row in ticked]),
        )
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))


def _removed(name: str, paths: list[str]) -> None:
    try:
        collections.remove(name, paths)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
