"""Compress: a smaller model made of another, the table that says what it cost, and two guided paths; all are jobs."""

import streamlit as st

from core import compression, jobs
from core.compression import measuring
from core.compression.made import versions
from core.errors import LoupeError
from core.jobs import JobView
from pages.shared.compression import draft
from pages.shared.compression.guides import guides
from pages.shared.compression.made_table import made_table
from pages.shared.compression.measure_desk import measure_desk
from pages.shared.compression.method_desk import method_desk
from pages.shared.compression.outlook import outlook
from pages.shared.compression.run_view import run_view
from pages.shared.compression.session import (
    ERROR,
    GUIDES,
    MADE,
    MAKE,
    MEASURE,
    MEASURED,
    VIEW,
    ask_example,
    prepare,
    show,
    shown,
)
from pages.shared.compression.settings_form import settings_form
from pages.shared.model_picker import model_picker
from pages.shared.text import plain

LISTED = 12


def welcome() -> None:
    """What there is to do when nothing has been compressed yet."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**An example.** The bundled model's layers are packed into 8 bits: about half of their size, in a minute "
            "or two on a CPU. Then measure it against the original: perplexity on one text, size, memory and speed.",
            width="stretch",
        )
        st.button(
            "Run the example",
            icon=":material/play_arrow:",
            key="compress_example",
            type="primary",
            on_click=ask_example,
        )


def sidebar() -> None:
    """The model, earlier compressions, earlier measurements."""
    if st.session_state[VIEW] != MEASURE:
        model_picker(draft.MODEL)
    for title, kind, parameter, icon in (
        ("Compressions", compression.KIND, MADE, ":material/compress:"),
        ("Measurements", measuring.KIND, MEASURED, ":material/straighten:"),
    ):
        listed = jobs.list_jobs(kind, limit=LISTED)
        if listed:
            st.markdown(f"**{title}**")
        for job in listed:
            st.button(
                plain(named(job)),
                key=f"compress_show_{job.id}",
                type="tertiary",
                icon=":material/radio_button_checked:" if job.active else icon,
                on_click=show,
                args=(parameter, job.id),
            )


def named(job: JobView) -> str:
    """What a job is called in a list: its result's name, or how many models it measures; and when."""
    models = len(job.request.get("models") or ())
    what = job.request.get("name") or (f"{models} models" if models > 1 else "1 model")
    return f"{what} · {job.created_at:%m-%d %H:%M}"


def page() -> None:
    """Everything on the page.

    Raises:
        LoupeError: the store cannot be read.
    """
    prepare()
    made, measured = shown(MADE, compression.KIND), shown(MEASURED, measuring.KIND)
    with st.sidebar:
        sidebar()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Compress", anchor=False, width="stretch")
        st.segmented_control(
            "What to do",
            [MAKE, MEASURE, GUIDES],
            key=VIEW,
            label_visibility="collapsed",
            required=True,
            persist_state="session",
        )
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    match st.session_state[VIEW]:
        case "Measure":
            measure_desk(measured)
        case "Guided":
            guides(versions())
        case _:
            if made is not None:
                run_view(made)
            elif not versions():
                welcome()
            method_desk()
            settings_form()
            outlook()
            made_table()


try:
    page()
except LoupeError as error:
    st.error(plain(str(error)))
