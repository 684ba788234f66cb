"""What the page Compress shows, starting work from it, and handing over to other pages. Ids are in the URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import compression, jobs
from core.compression import CompressRequest, measuring
from core.compression.measuring import MeasureRequest
from core.errors import LoupeError
from core.jobs import JobView
from pages.shared.compression import draft
from pages.shared.session import MODEL as PLAYGROUND_MODEL
from pages.shared.tuning import draft as tuning

MADE, MEASURED = "compressed", "measured_models"
"""Query parameters that hold the ids of the shown compression and the shown measurement."""
VIEW = "compress_view"
MAKE, MEASURE, GUIDES = "Make smaller", "Measure", "Guided"
MODELS, TEXT = "compress_measure_models", "compress_measure_text"
WINDOW, STRIDE, TOKENS, SPEED = (f"compress_measure_{name}" for name in ("window", "stride", "tokens", "speed"))
EVAL, EVAL_ROWS = "compress_measure_eval", "compress_measure_eval_rows"
USUAL_TOKENS = 8192
ERROR = "compress_error"
_START, _GO = "compress_start", "compress_go"
PLAYGROUND, TUNE = "pages/try/playground.py", "pages/models/tune.py"
EXAMPLE = CompressRequest(method="int8", model="smollm2", name="smollm2-int8")


def prepare() -> None:
    """Fill in what no widget has set yet, and go to another page where a click asked for it."""
    if page := st.session_state.pop(_GO, None):
        st.switch_page(page)
    draft.prepare()
    st.session_state.setdefault(VIEW, MEASURE if st.query_params.get(MEASURED) else MAKE)
    st.session_state.setdefault(TOKENS, USUAL_TOKENS)
    st.session_state.setdefault(SPEED, True)
    if (asked := st.session_state.pop(_START, None)) is not None:
        _start(asked)


def shown(parameter: str, kind: str) -> JobView | None:
    """The job in the URL; a bad id becomes a message, and the page is still usable."""
    asked = st.query_params.get(parameter)
    if not asked:
        return None
    try:
        job = jobs.get(asked)
        if job.kind == kind:
            return job
        st.session_state[ERROR] = "The link leads to a job of another kind."
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
    st.query_params.pop(parameter, None)
    return None


def show(parameter: str, job_id: str | None) -> None:
    """Put a job, or none, into the URL; a callback."""
    if job_id is None:
        st.query_params.pop(parameter, None)
        return
    st.query_params[parameter] = job_id
    st.session_state[VIEW] = MAKE if parameter == MADE else MEASURE


def ask_start(request: CompressRequest | MeasureRequest) -> None:
    """Have it started when the page is drawn next; a callback, so that a second click starts nothing more."""
    st.session_state[_START] = request


def ask_example() -> None:
    """Have the worked example started; a callback."""
    draft.adopt(EXAMPLE.model, EXAMPLE.method)
    ask_start(EXAMPLE.model_copy(update={"name": draft.suggested_name(EXAMPLE.name)}))


def set_up(model: str, method: str, settings: dict[str, Any]) -> None:
    """Put a compression into the draft and show it; a callback."""
    draft.adopt(model, method, **settings)
    show(MADE, None)
    st.session_state[VIEW] = MAKE


def choose_to_measure(refs: list[str]) -> None:
    """Preselect models for the table; a callback."""
    st.session_state[MODELS] = list(dict.fromkeys(refs))
    show(MEASURED, None)
    st.session_state[VIEW] = MEASURE


def try_it(ref: str) -> None:
    """Choose a model in the Playground and go there; a callback."""
    st.session_state[PLAYGROUND_MODEL] = ref
    st.session_state[_GO] = PLAYGROUND


def fine_tune(ref: str, method: str) -> None:
    """Choose model and method on the page Fine-tune and go there; a callback."""
    st.session_state[tuning.MODEL], st.session_state[tuning.METHOD] = ref, method
    tuning.use_preset()
    st.session_state[_GO] = TUNE


def _start(asked: CompressRequest | MeasureRequest) -> None:
    try:
        with st.spinner("Starting…"):
            if isinstance(asked, CompressRequest):
                job_id, parameter = compression.start(asked), MADE
                st.session_state[draft.NAME] = ""
            else:
                job_id, parameter = measuring.start(asked), MEASURED
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    show(parameter, job_id)
