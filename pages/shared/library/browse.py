"""The list of prompts in the sidebar: search, folders, what cannot be used, what was deleted; new ones and imports.

Names and sentences about files are somebody else's text and shown letter by letter. Knows nothing of an open prompt
beyond its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from core.errors import LoupeError
from core.prompts import library
from core.prompts.formats import FORMATS
from core.prompts.library import Entry
from pages.shared.library import saving
from pages.shared.library.desk import SEARCH, act, desk, show
from pages.shared.library.draft import read_base
from pages.shared.text import plain

MOST = 200
"""Most prompts in the list at once."""
LONG = 26
"""Longest name, in characters, that fits a line of the list."""
FEW = 9
"""Most prompts whose list needs no frame."""
FRAME_PX = 400
MB = 1


def browse(current: str | None) -> None:
    """Draw search, the two ways to get another prompt, and the list."""
    turn = desk().turn  # what was typed into them is gone once it is done
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("New", icon=":material/add:", width="stretch", key=f"library_new_{turn}"):
            _new()
        with st.popover("Import", icon=":material/upload:", width="stretch", key=f"library_import_{turn}"):
            _import()
    words = st.text_input(
        "Search",
        key=SEARCH,
        type="search",
        icon=":material/search:",
        placeholder="Search names and texts",
        label_visibility="collapsed",
        max_chars=200,
        persist_state="session",
    )
    entries = library.list_prompts(words or "")
    usable = [entry for entry in entries if not entry.problem]
    # a frame of its own that scrolls, so that the model below stays in sight
    with st.container(height=FRAME_PX if len(usable) > FEW else "content", border=False, key="library_list"):
        _folders([entry for entry in usable if not entry.shipped], current, "Yours")
        _folders([entry for entry in usable if entry.shipped], current, "Shipped with Loupe")
    if not usable:
        st.caption("No prompt matches." if words else "There is no prompt yet: make one with New, or import a file.")
    if len(usable) > MOST:
        st.caption(f"Some of {len(usable):,} prompts are left out; search to see fewer.")
    _problems([entry for entry in entries if entry.problem])
    _deleted()


def folder_of(name: str) -> str:
    """`everyday/summarise` → `everyday`; "" at the top."""
    return name.rpartition("/")[0]


def leaf_of(name: str) -> str:
    """`everyday/summarise` → `summarise`."""
    return name.rpartition("/")[2]


def _folders(entries: Sequence[Entry], current: str | None, title: str) -> None:
    """One heading for every folder."""
    for folder, inside in groupby(sorted(entries[:MOST], key=lambda e: folder_of(e.name)), lambda e: folder_of(e.name)):
        with st.container(gap=None):
            st.caption(f"**{plain(folder) + ' · ' if folder else ''}{title}**")
            for entry in inside:
                here = entry.name == current
                st.button(
                    plain(leaf_of(entry.name)) + "".join(f" :blue-badge[{plain(label)}]" for label in entry.labels),
                    key=f"library_open_{entry.name}",
                    icon=":material/chevron_right:" if here else ":material/draft:",
                    type="tertiary",
                    wrap=False,
                    help=plain(entry.name) if len(leaf_of(entry.name)) > LONG else None,
                    on_click=act(show),
                    args=(entry.name,),
                )


def _problems(entries: Sequence[Entry]) -> None:
    """Files that cannot be used, each with its one sentence."""
    if not entries:
        return
    folded = st.expander(
        f"Cannot be used ({len(entries)})", icon=":material/warning:", key="library_problems", on_change="rerun"
    )
    if not folded.open:
        return
    with folded:
        for place, entry in enumerate(entries[:MOST]):
            st.caption(plain(entry.problem or ""))
            if _can_be_repaired(entry):
                st.button(
                    f"Repair {plain(leaf_of(entry.name))}",
                    key=f"library_repair_{place}",
                    type="tertiary",
                    icon=":material/build:",
                    on_click=act(show),
                    args=(entry.name,),
                )


def _can_be_repaired(entry: Entry) -> bool:
    """Whether its text can be opened here: what is wrong with a name or a link can only be put right elsewhere."""
    try:
        return not entry.shipped and read_base(entry.name).problem is not None
    except LoupeError:
        return False


def _deleted() -> None:
    names = library.deleted()
    if not names:
        return
    with st.expander(f"Deleted ({len(names)})", icon=":material/delete:", key="library_deleted"):
        for place, name in enumerate(names[:MOST]):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(plain(name), width="stretch")
                st.button(
                    "Restore",
                    key=f"library_undelete_{place}",
                    type="tertiary",
                    icon=":material/restore_from_trash:",
                    on_click=act(saving.undelete, once=True),
                    args=(name,),
                )


def _new() -> None:
    st.text_input(
        "Name",
        key="library_new_name",
        placeholder="folder/name",
        help="The file's path in your folder of prompts; a '/' makes a folder.",
        max_chars=200,
    )
    st.selectbox(
        "Format", list(FORMATS), key="library_new_format", format_func=lambda each: FORMATS[each].title, index=0
    )
    st.button(
        "Create",
        key="library_create",
        type="primary",
        on_click=act(saving.create, once=True),
        args=("library_new_name", "library_new_format"),
    )


def _import() -> None:
    key = f"library_upload_{desk().turn}"
    st.file_uploader(
        "Prompt file",
        type=sorted({suffix.rpartition(".")[2] for each in FORMATS.values() for suffix in each.suffixes}),
        key=key,
        max_upload_size=MB,
        help="\n".join(f"- {each.title}: `{'`, `'.join(each.suffixes)}`" for each in FORMATS.values()),
    )
    st.text_input("Name", key="library_import_name", placeholder="as the file is called", max_chars=200)
    st.button(
        "Import",
        key="library_take",
        type="primary",
        on_click=act(saving.take_upload, once=True),
        args=(key, "library_import_name"),
    )
