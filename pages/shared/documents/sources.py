"""What is to be added: files that are dropped, an address, a folder of this machine. Kept in the session until it is.

Knows nothing of what is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.documents.collections import Source
from core.errors import LoupeError
from pages.shared.documents import uploads
from pages.shared.text import plain

FROM, ADDRESS, FOLDER, ERROR = "docs_from", "docs_address", "docs_folder", "docs_source_error"
WAYS = {"files": "Files", "address": "Web address", "folder": "Folder here"}
_DESK = "docs_desk"


@dataclass
class Desk:
    """What this session has laid out, by collection."""

    uploads: dict[str, Source] = field(default_factory=dict)
    """By the browser's id of the file."""
    fetched: list[Source] = field(default_factory=list)
    round: int = 0
    """Grows when everything was added: a new uploader is an empty one."""


def desk(collection: str) -> Desk:
    """The desk of one collection."""
    found: Desk = st.session_state.setdefault(f"{_DESK}_{collection}", Desk())
    return found


def source_picker(collection: str) -> list[Source]:
    """Draw the ways to give files; what has been laid out."""
    here = desk(collection)
    st.session_state.setdefault(FROM, "files")
    way = st.segmented_control(
        "From",
        list(WAYS),
        key=FROM,
        format_func=lambda name: WAYS[name],
        required=True,
        persist_state="session",
        width="stretch",
    )
    if way == "files":
        _files(here, collection)
    elif way == "address":
        st.text_input("Address", key=ADDRESS, placeholder="https://…", persist_state="session")
        st.button("Fetch", key="docs_fetch", icon=":material/download:", on_click=_fetch, args=(here,))
    else:
        st.text_input(
            "Folder or file",
            key=FOLDER,
            placeholder="/path/on/the/machine/that/runs/Loupe",
            help="A folder with everything below it, or one file, such as a corpus in BEIR layout (JSONL).",
            persist_state="session",
        )
        if (folder := st.session_state[FOLDER].strip()) and not Path(folder).expanduser().exists():
            st.error(plain(f"There is no folder or file {folder}."))
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    for source in here.fetched:
        st.caption(f":material/link: {plain(source.name)}")
    return laid_out(collection)


def laid_out(collection: str) -> list[Source]:
    """What is to be added."""
    here, folder = desk(collection), str(st.session_state.get(FOLDER) or "").strip()
    found = [*here.uploads.values(), *here.fetched]
    if st.session_state.get(FROM) == "folder" and folder:
        path = Path(folder).expanduser()
        if path.exists():
            found.append(Source(path=str(path), name=path.name))
    return found


def clear(collection: str) -> None:
    """Lay everything away; call it from a widget's callback only."""
    here = desk(collection)
    here.uploads, here.fetched, here.round = {}, [], here.round + 1
    st.session_state[FOLDER] = st.session_state[ADDRESS] = ""


def _files(here: Desk, collection: str) -> None:
    given = st.file_uploader(
        "PDF, Word, PowerPoint, Excel, HTML, Markdown, text, code, CSV, JSON, EPUB, or a zip of them",
        accept_multiple_files=True,
        key=f"docs_upload_{collection}_{here.round}",
    )
    fresh = [file for file in given if file.file_id not in here.uploads]
    try:
        kept = uploads.keep(fresh) if fresh else []
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    here.uploads |= {file.file_id: source for file, source in zip(fresh, kept, strict=True)}
    here.uploads = {file.file_id: here.uploads[file.file_id] for file in given}


def _fetch(here: Desk) -> None:
    from core.documents.loading import fetch

    address = str(st.session_state.get(ADDRESS) or "").strip()
    try:
        found = fetch(address, uploads.new_folder())
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    here.fetched.append(Source(path=str(found.path), name=found.url))
    st.session_state[ADDRESS] = ""
