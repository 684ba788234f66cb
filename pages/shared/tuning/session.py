"""Which run the page Fine-tune shows, starting one, and taking one as the beginning of the next. Ids are in the URL."""

from __future__ import annotations

import streamlit as st

from core import jobs
from core.errors import LoupeError
from core.jobs import JobView
from core.tuning import start as running
from core.tuning.request import TuneRequest
from pages.shared.session import MODEL as PLAYGROUND_MODEL
from pages.shared.tuning import draft

RUN = "tuned"
"""Query parameter that holds the id of the shown run's job."""
ERROR, TRY = "tune_error", "tune_try"
_START = "tune_start"
LISTED = 30
EXAMPLE_SHARE = 0.25
"""Of the example's 80 rows: 20 tell base from tuned."""


def shown_run() -> JobView | None:
    """The run in the URL; a bad id becomes a message, and the page is still usable."""
    asked = st.query_params.get(RUN)
    if not asked:
        return None
    try:
        job = jobs.get(asked)
        if job.kind == running.KIND:
            return job
        st.session_state[ERROR] = "The link leads to a job that is no fine-tuning run."
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
    st.query_params.pop(RUN, None)
    return None


def show(job_id: str | None) -> None:
    """Put a run, or none, into the URL; a callback."""
    if job_id is None:
        st.query_params.pop(RUN, None)
    else:
        st.query_params[RUN] = job_id


def ask_start() -> None:
    """Have the draft started as soon as it has been looked at; a callback, so that a second click starts no more."""
    st.session_state[_START] = True


def ask_example() -> None:
    """Have the example started; a callback."""
    st.session_state[draft.SOURCE] = "example"
    st.session_state[draft.METHOD] = "lora"
    draft.use_example()
    draft.use_preset()
    st.session_state[draft.field("held_out")] = EXAMPLE_SHARE
    ask_start()


def asked_to_start() -> bool:
    """Whether a click waits for the draft to be started."""
    return bool(st.session_state.get(_START))


def start(made: TuneRequest) -> None:
    """Start a run whose rows have been looked at, and show it; not from a callback."""
    st.session_state.pop(_START, None)
    try:
        with st.spinner("Starting…"):
            job_id = running.start(made, looked=True)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
    else:
        st.session_state.pop(draft.NAME, None)
        show(job_id)
    st.rerun()


def give_up_start() -> None:
    """Start nothing: the draft cannot be run, and the page says why."""
    st.session_state.pop(_START, None)


def again(made: TuneRequest) -> None:
    """Set up a further run from a run's settings; a callback."""
    draft.adopt(made)
    show(None)


def try_it(ref: str) -> None:
    """Choose the tuned model in the Playground; a callback, the page then goes there."""
    st.session_state[PLAYGROUND_MODEL] = ref
    st.session_state[TRY] = True


def earlier() -> list[JobView]:
    """Runs, the latest first.

    Raises:
        StoreError: the store cannot be read.
    """
    return running.runs(LISTED)
