"""All of one job: how far it is, its curves, its log, what was asked and what it came to."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core import jobs
from core.jobs import JobView
from core.jobs.words import duration
from pages.shared.jobs.actions import action_buttons, delete_button, show
from pages.shared.jobs.curves import curves
from pages.shared.jobs.line import bar, status_badge
from pages.shared.text import plain

LOG_LINES, LAST_LINES = 200, 8
DOCUMENT_CHARACTERS = 20_000


def job_details(job: JobView) -> None:
    """Draw it.

    Raises:
        LoupeError: the store or the log cannot be read.
    """
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(job.title), anchor=False, width="stretch")
            status_badge(job)
        st.caption(_facts(job))
        bar(job)
        with st.container(horizontal=True):
            action_buttons(job, key="jobs_shown")
            if not job.active:
                delete_button([job], key="jobs_shown")
            st.button("Close", key="jobs_close", type="tertiary", on_click=show, args=(None,))
        curves(jobs.metrics(job.id))
        log = jobs.log_tail(job.id, LOG_LINES)
        st.markdown("**Log**")
        lines = log.splitlines()
        if lines:
            st.code("\n".join(lines[-LAST_LINES:]), language=None)
        else:
            st.caption("Nothing yet." if job.active else "There is none.")
        if len(lines) > LAST_LINES:
            with st.expander(f"The log's last {len(lines)} lines"):
                st.code(log, language=None, height=400)
        if job.result:
            _document("Result so far" if job.active else "Result", job.result)
        _document("Request", job.request)


def _facts(job: JobView) -> str:
    parts = [plain(job.kind), f"started {job.created_at:%Y-%m-%d %H:%M} UTC"]
    if job.started_at and job.ended_at:
        seconds = (job.ended_at - job.started_at).total_seconds()
        parts.append(f"{'took' if job.status == 'finished' else 'ran'} {duration(seconds)}")
    if job.attempt > 1:
        parts.append(f"attempt {job.attempt}")
    if job.accelerator:
        parts.append("on the accelerator")
    return " · ".join([*parts, job.id])


def _document(name: str, value: dict[str, Any]) -> None:
    """A JSON document, letter by letter: others may have written what is in it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    with st.expander(name):
        if len(text) > DOCUMENT_CHARACTERS:
            st.caption(f"The first {DOCUMENT_CHARACTERS:,} of {len(text):,} characters; loupe jobs show has all of it.")
        st.code(text[:DOCUMENT_CHARACTERS], language="json", height=300 if text.count("\n") > 12 else "content")
