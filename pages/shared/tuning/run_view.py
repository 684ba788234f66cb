"""One run: how far it is, its curves over those of others, answers on the way, and in the end what came of it."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from core import jobs
from core.errors import LoupeError
from core.jobs import JobView
from core.store.export import defuse
from core.tuning import start as running
from core.tuning.request import TuneRequest
from pages.shared.jobs import job_line
from pages.shared.text import plain
from pages.shared.tuning.charts import charts, curves_of
from pages.shared.tuning.export_card import export_card
from pages.shared.tuning.outcome import outcome, repeat_card
from pages.shared.tuning.session import again, earlier, show

POLL_S = 2.0
OTHERS = "tune_others"


def run_view(job: JobView) -> None:
    """Draw it.

    Raises:
        LoupeError: the store cannot be read.
    """
    request = _request(job)
    with st.container(horizontal=True):
        st.button("New run", icon=":material/add:", key="tune_new", on_click=show, args=(None,))
        if request is not None:
            st.button(
                "Another with these settings",
                icon=":material/content_copy:",
                key="tune_again",
                on_click=again,
                args=(request,),
            )
    if request is None:
        st.warning("Its settings were written by another version of Loupe and cannot be read; it cannot be repeated.")
    job_line(job.id, key="tune_line")
    if job.result.get("ref"):
        outcome(job)
        export_card(job.result)
    others = {each.id: each for each in earlier() if each.id != job.id}
    if others:
        st.multiselect(
            "Curves of other runs over these",
            list(others),
            key=OTHERS,
            format_func=lambda each: named(others[each]) if each in others else each,
            placeholder="Choose runs",
            persist_state="session",
        )
    if job.active:
        st.fragment(_live, run_every=POLL_S)(job.id)
    else:
        _live(job.id)
    if request is not None:
        repeat_card(request)


def _request(job: JobView) -> TuneRequest | None:
    try:
        return running.request_of(job)
    except ValidationError:
        return None


def named(job: JobView) -> str:
    """What a run is called in a list: its result's name, and when."""
    return f"{job.request.get('name', job.title)} · {job.created_at:%m-%d %H:%M}"


def _live(job_id: str) -> None:
    try:
        shown = [job_id, *(st.session_state.get(OTHERS) or ())]
        charts({named(jobs.get(each)): curves_of(each) for each in shown}, key="tune_charts")
        _samples(job_id)
    except LoupeError as error:
        st.error(plain(str(error)))


def _samples(job_id: str) -> None:
    found = running.samples(job_id)
    if not found:
        return
    steps = sorted({each["step"] for each in found})
    st.markdown("**Answers on held-out rows along the way**")
    rows: dict[int, dict[str, str]] = {}
    for each in found:
        line = rows.setdefault(each["number"], {"Row": str(each["number"]), "Right": defuse(str(each["target"]))})
        line[f"update {each['step']:,}"] = defuse(str(each["answer"]))
    st.dataframe(
        list(rows.values()),
        hide_index=True,
        key="tune_samples",
        alt=f"Answers to {len(rows)} held-out rows after {', '.join(map(str, steps))} updates",
        column_config={f"update {step:,}": st.column_config.TextColumn(width="medium") for step in steps},
    )
