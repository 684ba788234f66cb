"""What the Library shows while no prompt is open: what a prompt file is, a worked example, and all there are.

Knows nothing of editing.
"""

from __future__ import annotations

import streamlit as st

from core.prompts import library
from core.prompts.library import Entry
from pages.shared.library import form
from pages.shared.library.browse import folder_of, leaf_of
from pages.shared.library.desk import act, desk, show
from pages.shared.library.draft import Draft, read_base
from pages.shared.text import plain

EXAMPLE = "everyday/summarise"
FIRST = ("everyday",)
"""Folders that stand before the others."""
MOST = 60
"""Most prompts with a line of their own."""


def welcome(entries: list[Entry]) -> None:
    """Draw it."""
    usable = [entry for entry in entries if not entry.problem]
    st.markdown(
        "A prompt is a plain file that you can keep in git: messages with `{{variables}}`, parameters and test data. "
        "Open one, fill in the form that its variables become, see exactly what a model would be sent, and try it. "
        "Every change you save is a version that you can compare, label and restore."
    )
    example = next((entry for entry in usable if entry.name == EXAMPLE), usable[0] if usable else None)
    if example:
        st.button(
            f"Open a worked example: {plain(leaf_of(example.name))}",
            icon=":material/play_arrow:",
            key="library_example",
            type="primary",
            on_click=act(open_example),
            args=(example.name,),
        )
    shown = usable[:MOST]
    for folder in sorted({folder_of(entry.name) for entry in shown}, key=lambda each: (each not in FIRST, each)):
        st.subheader(plain(folder) or "Without a folder", anchor=False)
        with st.container(gap=None):
            for entry in shown:
                if folder_of(entry.name) == folder:
                    _line(entry)
    if len(usable) > MOST:
        st.caption(f"{len(usable) - MOST:,} more are in the list on the left.")


def gone(name: str) -> None:
    """Say that a prompt is not there, and bring it back if it was deleted."""
    st.warning(plain(f"There is no prompt “{name}”."), title="Not found")
    if name in library.deleted():
        from pages.shared.library import saving

        st.button(
            "It was deleted: restore it",
            icon=":material/restore_from_trash:",
            key="library_undelete",
            on_click=act(saving.undelete, once=True),
            args=(name,),
        )


def open_example(name: str) -> None:
    """Open a prompt with the first row of its test data in the form."""
    draft = desk().drafts.setdefault(name, Draft(read_base(name)))
    if draft.prompt and draft.prompt.test_data:
        form.fill(draft, draft.prompt.test_data[0])
        st.session_state[form.rows_key(draft)] = 0
    show(name)


def _line(entry: Entry) -> None:
    name, about = st.columns([3, 9], vertical_alignment="center")
    with name:
        st.button(
            plain(leaf_of(entry.name)),
            key=f"library_card_{entry.name}",
            icon=":material/draft:",
            type="tertiary",
            on_click=act(show),
            args=(entry.name,),
        )
    with about:
        said = entry.description or entry.title
        variables = ", ".join(entry.variables)
        st.caption(plain(said)[:300] + (f" · :gray[{plain(variables)}]" if variables else ""))
