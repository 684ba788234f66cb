"""One job on a line: title, status, bar with rate and time left, Cancel or Resume. Other pages embed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from core import jobs
from core.errors import LoupeError
from core.jobs import JobView
from core.jobs.words import duration, progress_text, status_text
from pages.shared.jobs.actions import action_buttons, show_error
from pages.shared.text import plain

POLL_S = 1.0
SILENCE_S = 30.0
"""A worker reports every two seconds; after this long without, the page says so."""
Colour = Literal["blue", "gray", "green", "red", "orange"]
LOOKS: dict[str, tuple[str, Colour]] = {
    "queued": (":material/hourglass_empty:", "gray"),
    "running": (":material/play_circle:", "blue"),
    "finished": (":material/check_circle:", "green"),
    "failed": (":material/error:", "red"),
    "cancelled": (":material/cancel:", "gray"),
    "interrupted": (":material/pause_circle:", "orange"),
}


def job_line(
    job: JobView | str, *, key: str = "job_line", narrow: bool = False, more: Callable[[], object] | None = None
) -> None:
    """Draw a job.

    Args:
        job: as it is at this moment, where the caller polls; or its id: then the line follows the job by itself and
            runs the page again once it has ended.
        key: keeps two lines of one job on one page apart.
        narrow: buttons get a row of their own.
        more: draws further buttons, where the caller polls.
    """
    if isinstance(job, JobView):
        _draw(job, key, narrow, more)
        return
    try:
        view = jobs.get(job)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    if view.active:
        st.fragment(_follow, run_every=POLL_S)(job, key, narrow)
    else:
        show_error()
        _draw(view, key, narrow, None)


def status_badge(job: JobView) -> None:
    """Status as word, icon and colour."""
    icon, colour = LOOKS[job.status]
    st.badge(status_text(job), icon=icon, color=colour)


def bar(job: JobView) -> None:
    """How far it is, what it is at, and what went wrong."""
    if job.status != "queued" and (job.done or job.total is not None):
        share = min(max(job.done / job.total, 0.0), 1.0) if job.total else float(job.status == "finished")
        words = plain(progress_text(job))
        if job.total is not None or job.status == "finished":
            st.progress(share, text=words)
        else:
            st.caption(words)
    elif job.status == "running":
        st.caption("Starting…")
    if job.status == "running" and job.note:
        st.caption(plain(job.note))
    if job.silent_s is not None and job.silent_s > SILENCE_S:
        st.caption(f"Its worker has not reported for {duration(job.silent_s)}; it may be busy, or stuck.")
    if job.error:
        if job.status == "failed":
            st.error(plain(job.error))
        else:
            st.caption(plain(job.error))


def _follow(job_id: str, key: str, narrow: bool) -> None:
    try:
        view = jobs.get(job_id)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    if not view.active:
        st.rerun()
    show_error()
    _draw(view, key, narrow, None)


def _draw(job: JobView, key: str, narrow: bool, more: Callable[[], object] | None) -> None:
    def buttons() -> None:
        action_buttons(job, key=key)
        if more is not None:
            more()

    with st.container(gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(job.title)}**" if job.title.strip() else "**(no title)**", width="stretch")
            status_badge(job)
            if not narrow:
                buttons()
        bar(job)
        if narrow and (more is not None or job.active or job.resumable):
            with st.container(horizontal=True, vertical_alignment="center"):
                buttons()
