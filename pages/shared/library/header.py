"""The head of an open prompt: what it is, what to do with it, and the line that saves it. Knows nothing of its text."""

from __future__ import annotations

import streamlit as st

from pages.shared.library import saving
from pages.shared.library.browse import folder_of, leaf_of
from pages.shared.library.desk import act, show
from pages.shared.library.draft import Draft, title_of
from pages.shared.library.export import export
from pages.shared.text import plain


def head(draft: Draft, labels: dict[str, int]) -> None:
    """The way back, the prompt's name, what is known about its file, and what can be done with it."""
    base, folder = draft.base, folder_of(draft.base.name)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "All prompts",
            icon=":material/arrow_back:",
            key="library_close",
            type="tertiary",
            on_click=act(show),
            args=(None,),
        )
        st.subheader(
            f":gray[{plain(folder)} /] {plain(leaf_of(base.name))}" if folder else plain(base.name),
            anchor=False,
            width="content",
        )
        if base.shipped:
            st.badge("Ships with Loupe", icon=":material/lock:", color="gray", help="Save a copy to change it")
        st.badge(title_of(base.format), icon=":material/description:", color="gray")
        for label, number in labels.items():
            st.badge(f"{plain(label)} · version {number}", icon=":material/sell:", color="blue")
        if draft.dirty:
            st.badge("Unsaved changes", icon=":material/edit:", color="orange")
        st.space("stretch")
        _manage(draft)


def description(draft: Draft) -> None:
    """What the prompt says of itself."""
    if draft.prompt is None:
        return
    if said := draft.prompt.description or draft.prompt.name:
        st.caption(plain(said))


def save_line(draft: Draft) -> None:
    """Save with an optional message; a prompt that ships with Loupe is saved as a copy."""
    if draft.base.shipped:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = _copy_name(draft)
            st.button(
                "Save a copy under this name",
                icon=":material/save:",
                key="library_save_copy",
                type="primary" if draft.dirty else "secondary",
                on_click=act(saving.save_copy, once=True),
                args=(draft, name),
            )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "What changed",
            key=saving.message_key(draft),
            placeholder="What changed (optional, for the history)",
            label_visibility="collapsed",
            max_chars=200,
            width="stretch",
            persist_state="session",
        )
        st.button(
            "Save",
            icon=":material/save:",
            key="library_save",
            type="primary",
            on_click=act(saving.save, once=True),
            args=(draft,),
            disabled=draft.theirs is not None,
            shortcut="Ctrl+S",
        )
        st.button(
            "Discard",
            icon=":material/undo:",
            key="library_discard",
            on_click=act(saving.discard, once=True),
            args=(draft,),
            disabled=not draft.dirty or draft.theirs is not None,
            help="Back to what the file holds; your text can be put back.",
        )


def _copy_name(draft: Draft) -> str:
    """Draw the box for a copy's name; the session key that holds it."""
    key = f"library_copy_{draft.base.name}"
    shipped = draft.base.shipped
    st.text_input(
        "Name of your copy",
        f"my/{leaf_of(draft.base.name)}" if shipped else f"{draft.base.name}-copy",
        key=key,
        icon=":material/content_copy:",
        max_chars=200,
        width="stretch",
        label_visibility="collapsed" if shipped else "visible",
    )
    return key


def _manage(draft: Draft) -> None:
    """Export, duplicate, rename and delete."""
    with st.popover("Export", icon=":material/download:", key=f"library_export_{draft.base.name}"):
        export(draft)
    if draft.base.shipped:
        return
    with st.popover("Manage", icon=":material/more_horiz:", key=f"library_manage_{draft.base.name}"):
        name = _copy_name(draft)
        st.button(
            "Duplicate",
            icon=":material/content_copy:",
            key="library_duplicate",
            on_click=act(saving.save_copy, once=True),
            args=(draft, name),
        )
        st.divider()
        new_name = f"library_rename_{draft.base.name}"
        st.text_input("New name", draft.base.name, key=new_name, max_chars=200)
        st.button(
            "Rename",
            icon=":material/drive_file_rename_outline:",
            key="library_rename",
            on_click=act(saving.rename, once=True),
            args=(draft, new_name),
        )
        st.divider()
        sure = st.checkbox(
            "Delete this prompt; unsaved changes go, versions stay", key=f"library_sure_{draft.base.name}"
        )
        st.button(
            "Delete",
            icon=":material/delete:",
            key="library_delete",
            on_click=act(saving.delete, once=True),
            args=(draft,),
            disabled=not sure,
        )
