"""Measure: retrieval as a number, mode by mode and chunk size by chunk size, on questions with known answers."""

import streamlit as st

from core.documents.settings import MODES as ALL_MODES
from core.errors import LoupeError
from core.jobs import JobView
from pages.shared.documents.grid import grid
from pages.shared.documents.measure_session import (
    ERROR,
    MODES,
    PAGE,
    SIZES,
    K,
    check_link,
    shown_job,
    start_grid,
    start_measuring,
)
from pages.shared.documents.measured import failures, measured_chart, measured_table
from pages.shared.documents.picker import collection_picker
from pages.shared.documents.question_desk import example_set, question_picker, questions_table, written
from pages.shared.documents.retrieval_panel import MODE_HELP, MODE_NAMES, retrieval_panel
from pages.shared.documents.stock import sources_of
from pages.shared.documents.welcome import EXAMPLE, making_example, welcome
from pages.shared.jobs import job_line
from pages.shared.text import plain


def job_or_date(job: JobView, key: str) -> None:
    """The job while it is at work or where it went wrong; afterwards only what was measured, and when."""
    if job.status != "finished":
        job_line(job.id, key=key)
        return
    when = f"{job.ended_at:%Y-%m-%d %H:%M} UTC" if job.ended_at else ""
    st.caption(f":material/check_circle: {plain(job.title)} · {when}")


def page() -> None:
    """Everything on the page.

    Raises:
        LoupeError: the store cannot be read.
    """
    check_link()
    st.session_state.setdefault(MODES, list(ALL_MODES))
    st.session_state.setdefault(K, 10)
    st.session_state.setdefault(SIZES, "64, 128, 256")
    with st.sidebar:
        collection = collection_picker()
        if collection is None:
            st.caption("There is no collection yet.")
        else:
            st.pills(
                "Modes",
                list(MODE_NAMES),
                selection_mode="multi",
                key=MODES,
                format_func=lambda name: MODE_NAMES[name],
                help=MODE_HELP,
                persist_state="session",
            )
            st.number_input("k", 1, 1000, key=K, help="Documents that count.", persist_state="session")
            with st.expander("Retrieval", type="compact"):
                retrieval_panel(PAGE, sources_of(collection), modes=False, rewriting=False)
    with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
        st.subheader("Measure", width="stretch", anchor=False)
    if making_example():
        return
    if collection is None:
        welcome()
        return
    chosen = question_picker(collection)
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    written(collection)
    if chosen is None:
        st.caption(
            "Retrieval is measured on questions whose answers are known. Upload such a set, or let a model write "
            "questions from your own documents and keep the good ones."
        )
        if collection.name == EXAMPLE:
            example_set(collection)
        return
    questions_table(chosen)
    tabs = st.tabs(["Modes", "Chunk sizes"], key="measure_tab", on_change="rerun")
    if tabs[0].open:
        with tabs[0]:
            job = shown_job("measure", collection)
            st.button(
                "Measure",
                icon=":material/play_arrow:",
                key="measure_run",
                type="primary",
                disabled=bool(job and job.active),
                on_click=start_measuring,
                args=(collection, chosen),
            )
            if job:
                job_or_date(job, "measure")
                if rows := job.result.get("runs"):
                    measured_table(rows)
                    measured_chart(rows)
                    failures(rows)
    if tabs[1].open:
        with tabs[1]:
            job = shown_job("grid", collection)
            with st.container(horizontal=True, vertical_alignment="bottom"):
                st.text_input("Chunk sizes (tokens)", key=SIZES, width=260, persist_state="session")
                st.button(
                    "Measure all",
                    icon=":material/play_arrow:",
                    key="measure_grid_run",
                    type="primary",
                    disabled=bool(job and job.active),
                    on_click=start_grid,
                    args=(collection, chosen),
                )
            st.caption("Every size is cut and embedded anew beside the collection, which stays as it is.")
            if job:
                job_or_date(job, "grid")
                if cells := job.result.get("cells"):
                    grid(cells)


try:
    page()
except LoupeError as error:
    st.error(plain(str(error)))
