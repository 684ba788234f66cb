"""Evals: variants side by side on a data set, from an example, a file or a form; run as a job, judged, repeatable."""

import streamlit as st

from core.errors import LoupeError
from core.evals import running
from core.evals.running import kept_files
from core.jobs import JobView
from core.store.evals import EvalRecord
from pages.shared.evals.earlier import earlier
from pages.shared.evals.form import form, form_settings
from pages.shared.evals.outlook import outlook
from pages.shared.evals.repeat import repeat_card
from pages.shared.evals.run_settings import run_settings
from pages.shared.evals.sources import example, own_file
from pages.shared.evals.starting import ask_again
from pages.shared.evals.state import (
    ERROR,
    FROM_EXAMPLE,
    FROM_FILE,
    FROM_FORM,
    SOURCE,
    close,
    prepare,
    shown,
)
from pages.shared.jobs import job_line
from pages.shared.text import plain

SOURCES = {FROM_EXAMPLE: example, FROM_FILE: own_file, FROM_FORM: form}


def page() -> None:
    """Everything on the page.

    Raises:
        LoupeError: the store cannot be read.
    """
    prepare()
    record = shown()
    job = running.job_of(record) if record is not None else None
    with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
        st.subheader("Evals", width="stretch", anchor=False)
        st.segmented_control(
            "From", list(SOURCES), key=SOURCE, required=True, label_visibility="collapsed", persist_state="session"
        )
    source = st.session_state[SOURCE] or FROM_EXAMPLE
    with st.sidebar:
        if source == FROM_FORM:
            form_settings()
            st.divider()
        said = run_settings(source)
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    if record is not None:
        last_eval(record, job)
    try:
        draft = SOURCES[source](said)
        if draft is not None:
            stamp = f"{record.id if record else ''} {job.status if job else ''}"
            outlook(draft, said, busy=job is not None and job.active, stamp=stamp)
            repeat_card(draft, said)
    except LoupeError as error:  # of what is written here: the rest of the page stays
        st.error(plain(str(error)))
    earlier()


def last_eval(record: EvalRecord, job: JobView | None) -> None:
    """The eval that was started last, and the way to its results."""
    with st.container(border=True):
        if record.job is not None:
            job_line(record.job, key="evals_job")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "pages/evaluate/results.py",
                label="Results",
                icon=":material/leaderboard:",
                query_params={"eval": record.id},
            )
            result = job.result if job is not None and job.status == "finished" else {}
            if failed := result.get("errors", 0) + result.get("unjudged", 0):
                st.button(
                    f"Ask the {failed:,} that failed again",
                    icon=":material/resume:",
                    key="evals_again",
                    on_click=ask_again,
                    args=(record.id,),
                )
            st.button("Close", key="evals_close", type="tertiary", on_click=close)


try:
    page()
    if "evals_swept" not in st.session_state:  # once a visit
        st.session_state["evals_swept"] = True
        kept_files.sweep()
except LoupeError as error:
    st.error(plain(str(error)))
