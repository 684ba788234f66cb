"""Fine-tune: rows and a method in, curves while it trains, base against tuned in the end; every run is a job."""

import streamlit as st

from core.errors import LoupeError
from pages.shared.model_picker import model_picker
from pages.shared.text import plain
from pages.shared.tuning import draft
from pages.shared.tuning.data_desk import data_desk
from pages.shared.tuning.method_desk import method_desk
from pages.shared.tuning.outlook import look_at, outlook
from pages.shared.tuning.run_view import named, run_view
from pages.shared.tuning.session import ERROR, TRY, ask_example, asked_to_start, earlier, show, shown_run
from pages.shared.tuning.settings_form import settings_form


def welcome() -> None:
    """What there is to do when there are no rows yet."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**An example.** 80 support tickets, each with the team it belongs to: billing, delivery, account or "
            "fault. LoRA trains the chosen model on 60 of them, a few minutes on a CPU, and base and tuned model label "
            "the other 20.",
            width="stretch",
        )
        st.button(
            "Run the example",
            icon=":material/play_arrow:",
            key="tune_example",
            type="primary",
            on_click=ask_example,
        )


def sidebar() -> None:
    """The model, and earlier runs."""
    model_picker(draft.MODEL)
    runs = earlier()
    if runs:
        st.markdown("**Runs**")
    for job in runs:
        st.button(
            plain(named(job)),
            key=f"tune_show_{job.id}",
            type="tertiary",
            icon=":material/radio_button_checked:" if job.active else ":material/show_chart:",
            on_click=show,
            args=(job.id,),
        )


def page() -> None:
    """Everything on the page.

    Raises:
        LoupeError: the store cannot be read.
    """
    draft.prepare()
    if st.session_state.pop(TRY, False):
        st.switch_page("pages/try/playground.py")
    job = shown_run()
    with st.sidebar:
        sidebar()
    st.subheader("Fine-tune", anchor=False)
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    if job is not None:
        run_view(job)
        return
    if not st.session_state[draft.DATA]:
        welcome()
    elif asked_to_start():
        st.info("The rows are being looked at; training begins in a moment.", icon=":material/hourglass_empty:")
    said = data_desk()
    pending = None
    refused = ""
    try:
        request = draft.request()
        pending = look_at(request)
    except LoupeError as error:
        refused = str(error)
    method_desk(pending.found if pending else None)
    settings_form()
    if pending is not None:
        outlook(request, pending, said)
    elif st.session_state[draft.DATA]:
        st.error(plain(refused))


try:
    page()
except LoupeError as error:
    st.error(plain(str(error)))
