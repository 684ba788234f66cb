"""The sidebar of Compare: every setting of the column that is being edited, in the widgets of the other pages.

Knows nothing of runs.
"""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.prompts.library import list_prompts
from core.techniques import TECHNIQUES
from pages.shared.compare import draft
from pages.shared.compare.draft import EDITED, field, page_of
from pages.shared.documents.retrieval_panel import retrieval_panel
from pages.shared.documents.stock import listed, sources_of
from pages.shared.lab.options import technique_options
from pages.shared.model_picker import model_picker
from pages.shared.settings_panel import settings_panel
from pages.shared.text import plain

AS_IT_IS = "none: the prompt as it is"
BOX = "what is typed on the page"
"""Never another text: a browser sends an option's label back, and one that has changed means nothing any more."""
SENT = {"": "as usual", "chat": "chat", "completion": "completion"}


def settings() -> None:
    """Draw it."""
    slots = list(draft.slots())
    slot = st.segmented_control(
        "Settings of column",
        slots,
        key=EDITED,
        format_func=draft.letters().__getitem__,
        required=True,
        persist_state="session",
        width="stretch",
        wrap=False,
    )
    if slot is None:  # the browser sent a column that is gone
        slot = slots[0]
    page = page_of(slot)
    able = model_picker(field(slot, "model"))
    technique = st.selectbox(
        "Technique",
        ["", *TECHNIQUES],
        key=field(slot, "technique"),
        format_func=lambda name: TECHNIQUES[name].title if name else AS_IT_IS,
        help="How the prompt is asked, as in the Prompt lab; the prompt is then the question.",
        persist_state="session",
    )
    if technique:
        technique_options([technique], page)
    else:
        _documents(slot)
    _prompt(slot)
    settings_panel(able, page, several=False)


def _documents(slot: int) -> None:
    """Answer from a collection, as Ask does."""
    try:
        known = {view.name: view for view in listed()}
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    chosen = st.session_state.get(field(slot, "collection"))
    name = st.selectbox(
        "Answer from documents",
        ["", *known, *([chosen] if chosen and chosen not in known else [])],
        key=field(slot, "collection"),
        format_func=lambda each: each or "none",
        help="The prompt is then a question, answered from this collection with citations, as on the page Ask.",
        persist_state="session",
    )
    if name:
        with st.expander("Search", type="compact"):
            retrieval_panel(page_of(slot), sources_of(known[name]) if name in known else [])


def _prompt(slot: int) -> None:
    """Which prompt, the system prompt, and how it is sent."""
    names = [each.name for each in list_prompts() if not each.problem]
    chosen = st.session_state.get(field(slot, "library"))
    library = st.selectbox(
        "Prompt",
        ["", *names, *([chosen] if chosen and chosen not in names else [])],
        key=field(slot, "library"),
        format_func=lambda name: name or BOX,
        help="The box above the columns (or in the column), or a prompt of the Library with all its messages; its "
        "variables get boxes of their own.",
        persist_state="session",
    )
    if not library:
        st.text_area("System prompt", key=field(slot, "system"), height=68, placeholder="none", persist_state="session")
        if earlier := st.session_state.get(field(slot, "earlier")):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(f"After {len(earlier)} earlier turns of the run that was opened")
                st.button("Forget them", key=f"{page_of(slot)}_forget", on_click=_forget, args=(slot,), type="tertiary")
    st.selectbox(
        "Sent as",
        list(SENT),
        key=field(slot, "mode"),
        format_func=SENT.__getitem__,
        help="A chat goes through the model's chat template; a completion is the prompt as it is, to be continued.",
        persist_state="session",
    )


def _forget(slot: int) -> None:
    st.session_state[field(slot, "earlier")] = ()
