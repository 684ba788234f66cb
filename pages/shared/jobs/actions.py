"""Buttons of jobs and what they do: cancel, resume, delete, open. What went wrong is shown until the next one."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core import jobs
from core.errors import LoupeError
from core.jobs import JobView
from pages.shared.text import plain

JOB = "job"
"""Query parameter that holds the id of the shown job."""
_ERROR = "jobs_error"


def attempt(action: Callable[..., object], *arguments: object) -> None:
    """Do it from a button."""
    st.session_state.pop(_ERROR, None)
    try:
        action(*arguments)
    except LoupeError as error:
        st.session_state[_ERROR] = str(error)


def show_error() -> None:
    """What went wrong with the last button, if anything."""
    if error := st.session_state.get(_ERROR):
        st.error(plain(error))


def action_buttons(job: JobView, *, key: str) -> None:
    """Cancel what waits or runs, resume what ended early; `key` keeps two places of one page apart."""
    if job.active:
        st.button(
            "Stopping…" if job.stopping else "Cancel",
            key=f"{key}_cancel_{job.id}",
            icon=":material/stop_circle:",
            disabled=job.stopping,
            help=None if job.stopping else "Stops within ten seconds. What is complete stays, and it can be resumed.",
            on_click=attempt,
            args=(jobs.cancel, job.id),
        )
    if job.resumable:
        st.button(
            "Resume",
            key=f"{key}_resume_{job.id}",
            icon=":material/resume:",
            help="Does only what is missing.",
            on_click=attempt,
            args=(jobs.resume, job.id),
        )


def delete_button(found: list[JobView], *, key: str) -> None:
    """Delete jobs that have ended, after asking."""
    many = len(found) != 1
    with st.popover("Delete…", icon=":material/delete:", disabled=not found):
        st.markdown(
            f"Delete {len(found) if many else 'this'} job{'s' if many else ''} with curves and log? What "
            f"{'they' if many else 'it'} made stays."
        )
        st.button(
            "Delete for good", type="primary", key=f"{key}_delete", on_click=_delete, args=([job.id for job in found],)
        )


def _delete(ids: list[str]) -> None:
    def every() -> None:
        for job_id in ids:
            jobs.delete(job_id)
            if st.query_params.get(JOB) == job_id:
                del st.query_params[JOB]

    attempt(every)


def show(job_id: str | None) -> None:
    """Put a job, or none, into the URL."""
    st.session_state.pop(_ERROR, None)
    if job_id is None:
        st.query_params.pop(JOB, None)
    else:
        st.query_params[JOB] = job_id
