"""Ask: a question to a collection; the answer with citations that open the passage, beside it without documents."""

import streamlit as st

from core.documents.answering import Passage
from core.errors import LoupeError
from pages.shared.conversation import AVATARS
from pages.shared.documents import ask_draft as draft
from pages.shared.documents.answer_column import answer_column
from pages.shared.documents.ask_session import (
    ERROR,
    Column,
    again,
    ask,
    close,
    once,
    open_passage,
    opened,
    shown_columns,
    stop,
)
from pages.shared.documents.conversation import earlier, example_questions
from pages.shared.documents.picker import collection_picker
from pages.shared.documents.reader import reader
from pages.shared.documents.retrieval_panel import retrieval_panel
from pages.shared.documents.stock import sources_of
from pages.shared.documents.welcome import making_example, welcome
from pages.shared.model_picker import model_picker
from pages.shared.session import dial
from pages.shared.settings_panel import ESSENTIALS, draw_dial
from pages.shared.text import plain

READER_PX = 560


def title(columns: list[Column], place: int) -> str:
    """What stands above a column: what it has that the one beside it has not."""
    run = columns[place].run
    if run is None:
        return "Not found"
    if not run.request.with_documents:
        return "Without documents"
    two = len(columns) == 2 and all(each.run and each.run.request.with_documents for each in columns)
    return ("These settings", "The other settings")[place] if two else "With documents"


def compared(columns: list[Column], place: int) -> list[Passage] | None:
    """The passages of the first column, where the second searched too: what moved is told there."""
    first, own = columns[0].run, columns[place].run
    if place == 0 or not (first and own and first.request.with_documents and own.request.with_documents):
        return None
    return first.result.passages


def page() -> None:
    """Everything on the page.

    Raises:
        LoupeError: the store cannot be read.
    """
    columns = shown_columns()
    draft.prepare()
    with st.sidebar:
        collection = collection_picker()
        if collection is None:
            st.caption("There is no collection yet.")
        able = model_picker()
        for each in ESSENTIALS:
            if each.name in ("temperature", "max_tokens"):
                draw_dial(each, able, draft.PAGE)
        st.text_input("Seed", key=dial("seed", draft.PAGE), placeholder="drawn for each", persist_state="session")
        sources = sources_of(collection) if collection else []
        st.segmented_control(
            "Beside it",
            list(draft.BESIDE_NAMES),
            key=draft.BESIDE,
            format_func=lambda name: draft.BESIDE_NAMES[name],
            required=True,
            help="The same question and seed, once more: without documents, or with other retrieval settings.",
            persist_state="session",
        )
        with st.expander("Retrieval", expanded=True, type="compact"):
            retrieval_panel(draft.PAGE, sources)
            st.toggle(
                "Refuse what is not supported",
                key=draft.STRICT,
                help="An answer of which nothing is in the passages is shown as “not in the documents”.",
                persist_state="session",
            )
        if st.session_state[draft.BESIDE] == "settings":
            with st.expander("The other retrieval", expanded=True, type="compact"):
                retrieval_panel(draft.OTHER, sources)

    running = [each.run.id for each in columns if each.run and each.running]
    with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
        st.subheader("Ask", width="stretch", anchor=False)
        if running:
            st.button("Stop all", icon=":material/stop_circle:", key="ask_stop_all", on_click=stop, args=running)
        elif columns:
            st.button("Ask again", icon=":material/refresh:", key="ask_again", on_click=once(again), type="tertiary")
            st.button("New", icon=":material/add:", key="ask_new", on_click=close, type="tertiary")
    if making_example():
        return
    if collection is None:
        welcome()
        return
    with st.container():  # in its place: pinned to the bottom it would scroll the page with every answer
        st.chat_input(
            "Ask a follow-up question" if columns else "Ask the documents",
            key=draft.QUESTION,
            on_submit=once(ask),
            disabled=bool(running) or not collection.chunks,
        )
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    if not columns:
        example_questions(collection)
        return

    first = columns[0].run
    if first:
        earlier(first.request)
        with st.chat_message("user", avatar=AVATARS["user"]):
            st.text(first.request.question)
    left, right = st.columns(2, border=True)
    chosen = opened()
    cited = next((each.run for each in columns if chosen and each.run and each.run.id == chosen[0]), None)
    for place, box in enumerate((left, right)):
        with box:
            if cited and cited.id not in [each.run.id for each in columns[place : place + 1] if each.run]:
                with st.container(horizontal=True, vertical_alignment="center", height=36, border=False, wrap=False):
                    st.markdown(f"**Passage {chosen[1]}**", width="stretch")
                    st.button("Close", key="ask_close", type="tertiary", on_click=open_passage, args=("", None))
                reader(cited, chosen[1], READER_PX)
            elif place < len(columns):
                answer_column(columns[place], title(columns, place), compared(columns, place))
            else:
                st.caption("Press a number in the answer to read its passage here, where it stands in its document.")


try:
    page()
except LoupeError as error:
    st.error(plain(str(error)))
