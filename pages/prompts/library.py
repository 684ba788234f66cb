"""Library: prompt files; edit them, fill in their variables, see what would be sent, compare and label versions."""

import streamlit as st

from core.errors import LoupeError
from core.prompts import library, versions
from pages.shared.library.browse import browse
from pages.shared.library.desk import TAB, desk, open_draft
from pages.shared.library.draft import Draft
from pages.shared.library.editor import fields, file_text
from pages.shared.library.form import form, keep_button
from pages.shared.library.header import description, head, save_line
from pages.shared.library.history import history
from pages.shared.library.notices import notices
from pages.shared.library.preview import preview
from pages.shared.library.tokens import token_line
from pages.shared.library.trying import go, try_buttons
from pages.shared.library.welcome import gone, welcome
from pages.shared.model_picker import model_picker
from pages.shared.session import MODEL, params
from pages.shared.text import plain

TABS = ("Prompt", "File", "Versions")


def work(draft: Draft) -> None:
    """The editor on the left; the form and what would be sent on the right."""
    if draft.prompt is None:
        st.info("The text is not a valid prompt at the moment, so it can only be edited as text: see the tab File.")
        return
    editing, instrument = st.columns([7, 5], gap="large")
    with editing:
        fields(draft)
    with instrument:
        values = form(draft)
        buttons = st.container(horizontal=True, vertical_alignment="center")
        messages = preview(draft.prompt, values)
        with buttons:
            try_buttons(draft, messages, values, able)
            keep_button(draft)
        if messages:
            kept = draft.prompt.parameters.get("max_tokens")
            token_line(st.session_state[MODEL], messages, kept if isinstance(kept, int) else params().max_tokens)


def opened(draft: Draft) -> None:
    """One prompt: head, notices, and the tabs; only the open one is drawn."""
    head(draft, versions.labels(draft.base.name))
    description(draft)
    save_line(draft)
    notices(draft)
    tabs = dict(zip(TABS, st.tabs(TABS, key=TAB, on_change="rerun", bind="query-params"), strict=True))
    for name, draw in (("Prompt", work), ("File", file_text), ("Versions", history)):
        if tabs[name].open:
            with tabs[name]:
                draw(draft)


go()
draft = open_draft()
here = desk()
with st.sidebar:
    try:
        browse(here.name)
    except LoupeError as error:
        st.error(plain(str(error)))
    st.divider()
    able = model_picker()
if said := here.error:
    here.error = None
    st.error(plain(said))
if notice := here.notice:
    here.notice = None
    st.toast(plain(notice), icon=":material/check:")
try:
    if draft:
        opened(draft)
    else:
        st.subheader("Library", anchor=False)
        if here.gone:
            gone(here.gone)
        welcome(library.list_prompts())
except LoupeError as error:
    st.error(plain(str(error)))
