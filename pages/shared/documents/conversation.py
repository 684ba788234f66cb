"""What was said before the shown answers, and questions to begin with. Knows nothing of how answers come about."""

from __future__ import annotations

import streamlit as st

from core.documents.answering import AnswerRequest
from core.documents.collections import CollectionView
from pages.shared.conversation import AVATARS
from pages.shared.documents.ask_session import ask, once
from pages.shared.documents.welcome import EXAMPLE, EXAMPLE_QUESTIONS
from pages.shared.text import plain


def earlier(request: AnswerRequest) -> None:
    """Earlier questions and answers, folded."""
    turns = len(request.history) // 2
    if not turns:
        return
    with st.expander(f"Earlier in this conversation, {turns}", type="compact", key="ask_earlier"):
        for message in request.history:
            with st.chat_message(message.role, avatar=AVATARS[message.role]):
                st.text(message.content)


def example_questions(collection: CollectionView) -> None:
    """What an empty page says: how to begin, and questions that are one click each for the example collection."""
    if not collection.chunks:
        st.info("This collection is empty: add files to it on the page Collections.", icon=":material/upload_file:")
        st.page_link("pages/documents/collections.py", label="Open Collections", icon=":material/folder_open:")
        return
    st.caption(
        "Answers come with numbers: press one to read the passage where it stands in its document. The same question "
        "without documents stands beside it."
    )
    if collection.name != EXAMPLE:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("Try", width="content")
        for number, question in enumerate(EXAMPLE_QUESTIONS):
            st.button(plain(question), key=f"ask_example_{number}", on_click=once(ask), args=(question,))
