"""What the pages of documents show while there is no collection: what one is, and a small example with one click."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st

from core import jobs
from core.documents import collections
from core.documents.collections import Source
from core.errors import Conflict, LoupeError
from pages.shared.documents.picker import COLLECTION
from pages.shared.jobs import job_line
from pages.shared.text import plain

EXAMPLE = "solar-system"
FOLDER = Path(__file__).parents[3] / "prompts" / "collections" / EXAMPLE
EXAMPLE_QUESTIONS = (
    "Who discovered Titan?",
    "When did the probe Huygens land on Titan?",
    "How long is a year on Saturn?",
    "Who won the football world cup in 1998?",
)
"""The bundled model gets the third one wrong, and the answer is refused; the last one is not in the documents."""
ERROR, JOB = "documents_welcome_error", "documents_welcome_job"


def welcome() -> None:
    """Draw it."""
    st.markdown(
        "A **collection** is a set of files that are searched together. Loupe reads each file, cuts its text into "
        "**chunks**, and keeps for every chunk a vector of its meaning beside its words. A question finds the nearest "
        "chunks, a model reads them and answers, and every number in the answer opens the passage behind it."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Make a small example collection",
            icon=":material/play_arrow:",
            key="documents_example",
            type="primary",
            on_click=make_example,
        )
        st.caption("14 short texts about the Solar System that ship with Loupe; takes a few seconds.")
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))


def make_example() -> None:
    """Make the example collection and choose it; call it from a widget's callback only."""
    try:
        with suppress(Conflict):  # made in another browser
            collections.create(EXAMPLE)
        job = collections.add(EXAMPLE, [Source(path=str(FOLDER), name=EXAMPLE)])
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[COLLECTION] = EXAMPLE
    st.session_state[JOB] = job


def making_example() -> bool:
    """Follow the example collection while it is being made, and go on to Ask; whether that is under way."""
    job_id = st.session_state.get(JOB)
    if job_id is None:
        return False
    try:
        view = jobs.get(job_id)
    except LoupeError:  # deleted meanwhile
        del st.session_state[JOB]
        return False
    if view.status == "finished":
        del st.session_state[JOB]
        st.switch_page("pages/documents/ask.py", query_params={COLLECTION: EXAMPLE})
    if not view.active:
        del st.session_state[JOB]
    st.caption("The example collection is being made; then it can be asked.")
    job_line(job_id, key="documents_example")
    return True
