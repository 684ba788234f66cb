"""Choosing what is measured: references, the first being what the others are compared with, on one text."""

from __future__ import annotations

import streamlit as st

from core import jobs
from core.compression.measuring import MeasureRequest, check
from core.errors import LoupeError
from core.jobs import JobView
from pages.shared.compression.decision import decision
from pages.shared.compression.session import (
    EVAL,
    EVAL_ROWS,
    MEASURED,
    MODELS,
    SPEED,
    STRIDE,
    TEXT,
    TOKENS,
    WINDOW,
    ask_start,
    show,
)
from pages.shared.compression.text_box import text_box
from pages.shared.jobs import job_line
from pages.shared.model_picker import models_picker
from pages.shared.text import plain

POLL_S = 2.0
FIELDS = MeasureRequest.model_fields


def measure_desk(job: JobView | None) -> None:
    """Draw it.

    Args:
        job: the measurement that is shown, if any.
    """
    st.markdown(
        "Every model predicts the same text through the same window, in one process, one after the other. Each figure "
        "also stands against the first model's."
    )
    request: MeasureRequest | None = None
    why_not: str | None = None
    models = models_picker(MODELS)
    text_box("Text", TEXT, FIELDS["text"].description)
    columns = st.columns(3)
    shared = {"step": 1, "persist_state": "session"}
    with columns[0]:
        st.number_input(
            "Tokens of it", 16, 10**8, key=TOKENS, placeholder="all", help=FIELDS["tokens"].description, **shared
        )
    with columns[1]:
        st.number_input(
            "Window", 8, 131_072, None, key=WINDOW, placeholder="512", help=FIELDS["window"].description, **shared
        )
    with columns[2]:
        st.number_input(
            "Stride",
            1,
            131_072,
            None,
            key=STRIDE,
            placeholder="half the window",
            help=FIELDS["stride"].description,
            **shared,
        )
    file, rows = st.columns([2, 1], vertical_alignment="bottom")
    with file:
        st.text_input(
            "Eval file",
            key=EVAL,
            placeholder="none, or the path of an eval with one prompt",
            help=FIELDS["eval_file"].description,
            persist_state="session",
        )
    with rows:
        st.number_input(
            "Rows of it",
            1,
            100_000,
            None,
            key=EVAL_ROWS,
            placeholder="all",
            help=FIELDS["eval_rows"].description,
            **shared,
        )
    st.toggle("Speed too", key=SPEED, help=FIELDS["speed"].description, persist_state="session")
    try:
        if not models:
            raise LoupeError("Choose at least one model; the first is what the others are compared with.")
        request = MeasureRequest.parse(
            models=models,
            text=str(st.session_state.get(TEXT) or "").strip(),
            window=st.session_state.get(WINDOW),
            stride=st.session_state.get(STRIDE),
            tokens=st.session_state.get(TOKENS),
            eval_file=str(st.session_state.get(EVAL) or "").strip(),
            eval_rows=st.session_state.get(EVAL_ROWS),
            speed=bool(st.session_state.get(SPEED)),
        )
        check(request)
    except LoupeError as error:
        why_not = str(error)
        st.error(plain(why_not))
    busy = job is not None and job.active
    st.button(
        "Measure",
        icon=":material/straighten:",
        key="compress_measure_button",
        type="primary",
        disabled=why_not is not None or busy,
        help=plain(why_not) if why_not else ("A measurement is running." if busy else None),
        on_click=ask_start,
        args=(request,),
    )
    if job is None:
        return
    with st.container(border=True):
        job_line(job.id, key="compress_measure_line")
        if job.active:
            st.fragment(_live, run_every=POLL_S)(job.id)
        else:
            decision(job.result)
        st.button("Close", key="compress_measure_close", type="tertiary", on_click=show, args=(MEASURED, None))


def _live(job_id: str) -> None:
    """The models that have been measured so far."""
    try:
        decision(jobs.get(job_id).result)
    except LoupeError as error:
        st.error(plain(str(error)))
