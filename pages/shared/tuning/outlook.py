"""What a draft would do, before it does it: rows, updates, the first batch in colour, memory, and Start."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import LoupeError
from core.live.looks import Pending
from core.tuning import looking, places
from core.tuning.request import TuneRequest
from core.tuning.start import Checked
from pages.shared.documents.picker import counted
from pages.shared.text import plain
from pages.shared.tuning import draft
from pages.shared.tuning.batch_view import batch_view
from pages.shared.tuning.memory import memory_card
from pages.shared.tuning.session import ask_start, asked_to_start, give_up_start, start

POLL_S = 0.5
PROBLEMS = 5


def look_at(request: TuneRequest) -> Pending[Checked]:
    """The look at a draft, after a moment's wait: most are done by then, and nothing jumps."""
    pending = looking.look(request)
    pending.done.wait(0.3)
    return pending


def outlook(request: TuneRequest, pending: Pending[Checked], said: str) -> None:
    """Draw it.

    Args:
        request: the draft.
        pending: the look at it.
        said: what is wrong with the rows where that is shown beside them.
    """
    if not pending.done.is_set():
        st.fragment(_wait, run_every=POLL_S)(request)
    elif asked_to_start():
        if _why_not(request, pending) is None:
            start(request)
        give_up_start()
    checked = pending.found
    if checked is not None:
        st.markdown(_size(checked))
    elif pending.error and pending.error != said:
        st.error(plain(pending.error), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        suggested = draft.suggested_name()
        st.text_input(
            "Name of the result",
            key=draft.NAME,
            placeholder=suggested,
            width=280,
            help="Afterwards MODEL+NAME is a model like any other.",
        )
        why_not = _why_not(request, pending)
        fits = checked is None or checked.estimate.fit != "will not fit"
        st.button(
            "Start" if fits else "Start anyway",
            icon=":material/play_arrow:",
            key="tune_start_button",
            type="primary",
            disabled=why_not is not None,
            help=why_not,
            on_click=ask_start,
        )
    if why_not and not pending.error and pending.done.is_set():
        st.caption(plain(why_not))
    if checked is not None:
        _details(checked, request)


def _wait(request: TuneRequest) -> None:
    if looking.look(request).done.is_set():
        st.rerun()
    then = " Training begins right after." if asked_to_start() else ""
    st.caption(f":material/hourglass_empty: Reading the rows, counting and estimating…{then}")


def _why_not(request: TuneRequest, pending: Pending[Checked]) -> str | None:
    if not pending.done.is_set():
        return "The rows are still being looked at."
    if pending.found is None:
        return pending.error
    try:
        places.result_folder(request)
    except LoupeError as error:
        return str(error)
    return None


def _size(checked: Checked) -> str:
    parts = [f"**{counted(checked.rows, 'row')}** to train on", f"{checked.held_out:,} held out"]
    if checked.labels:
        parts.append(counted(len(checked.labels), "label"))
    parts.append(f"**{counted(checked.steps, 'update')}**")
    if checked.trained_tokens:
        parts.append(f"{checked.trained_tokens:,} tokens learned an epoch")
    return " · ".join(parts)


def _details(checked: Checked, request: TuneRequest) -> None:
    for problem in checked.problems[:PROBLEMS]:
        st.warning(plain(problem))
    if not checked.held_out:
        st.warning("No row is held out: there will be no held-out loss, no sample answers and no comparison.")
    memory_card(checked.estimate, request.settings, request.method)
    if checked.first_batch:
        st.markdown(f"**The first batch** of {plain(Path(request.data).name)}, as the model sees it")
        batch_view(checked.first_batch, label="The first batch, token by token", key="tune_batch")
