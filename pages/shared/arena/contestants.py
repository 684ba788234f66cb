"""The sidebar of the arena: who may meet, and a further contestant. Not drawn while a match waits for its vote."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.evals.arena.ballots import identity
from core.evals.arena.naming import about
from core.techniques import TECHNIQUES
from pages.shared.arena import draft
from pages.shared.arena.draft import COLLECTION, MODEL, PAGE, REFUSED, SYSTEM, TECHNIQUE
from pages.shared.documents.retrieval_panel import retrieval_panel
from pages.shared.documents.stock import listed, sources_of
from pages.shared.lab.options import technique_options
from pages.shared.model_picker import model_picker
from pages.shared.settings_panel import settings_panel
from pages.shared.text import plain

AS_IT_IS = "none: the question as it is"


def hidden(count: int) -> None:
    """What stands there while names must not be seen."""
    st.markdown("**Contestants**")
    st.caption(f"{count} may meet. They are shown again once you have voted.")


def contestants() -> None:
    """Draw it."""
    st.markdown("**Contestants**")
    for each in draft.contestants():
        with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="xsmall"):
            st.markdown(plain(each.name), help=plain(about(each)), width="stretch")
            st.button(
                ":material/close:",
                key=f"arena_remove_{identity(each)}",
                type="tertiary",
                on_click=draft.remove,
                args=(identity(each),),
                help=f"Remove {plain(each.name)}",
            )
    if len(draft.contestants()) < 2:
        st.caption("At least two must be there to meet.")
    with st.expander("Add a contestant", icon=":material/add:", expanded=len(draft.contestants()) < 2):
        _form()


def _form() -> None:
    able = model_picker(MODEL)
    technique = st.selectbox(
        "Technique",
        ["", *TECHNIQUES],
        key=TECHNIQUE,
        format_func=lambda name: TECHNIQUES[name].title if name else AS_IT_IS,
        help="How the question is asked, as in the Prompt lab.",
        persist_state="session",
    )
    if technique:
        technique_options([technique], PAGE)
    else:
        _documents()
    st.text_area("System prompt", key=SYSTEM, height=68, placeholder="none", persist_state="session")
    settings_panel(able, PAGE, several=False)
    st.button("Add", icon=":material/add:", key="arena_add", on_click=draft.add, width="stretch")
    if refused := st.session_state.pop(REFUSED, None):
        st.error(plain(refused))


def _documents() -> None:
    try:
        known = {view.name: view for view in listed()}
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    name = st.selectbox(
        "Answer from documents",
        ["", *known],
        key=COLLECTION,
        format_func=lambda each: each or "none",
        help="The question is then answered from this collection, as on the page Ask.",
        persist_state="session",
    )
    if name:
        with st.expander("Search", type="compact"):
            retrieval_panel(PAGE, sources_of(known[name]) if name in known else [])
