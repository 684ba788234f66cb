"""Jobs: what is running, waiting, interrupted; cancel, resume, delete, read the log."""

import streamlit as st

from core import jobs
from core.errors import LoupeError, NotFound
from core.jobs import JobView
from core.jobs.words import duration, progress_text, status_text
from core.store.export import defuse
from pages.shared.jobs.actions import JOB, delete_button, show, show_error
from pages.shared.jobs.details import job_details
from pages.shared.jobs.line import job_line
from pages.shared.text import plain

POLL_S = 1.0
LISTED = 200


def page() -> None:
    """Everything on the page, polled while something waits or runs.

    Raises:
        LoupeError: the store cannot be read.
    """
    if any(job.active for job in jobs.list_jobs(limit=LISTED, documents=False)):
        st.fragment(_poll, run_every=POLL_S)()
    else:
        draw(jobs.list_jobs(limit=LISTED, documents=False))


def _poll() -> None:
    try:
        found = jobs.list_jobs(limit=LISTED, documents=False)
        if not any(job.active for job in found):
            st.rerun()  # stop looking again
        draw(found)
    except LoupeError as error:
        st.error(plain(str(error)))


def draw(found: list[JobView]) -> None:
    """The lists, and beside them the job in the URL.

    Raises:
        LoupeError: the store cannot be read.
    """
    show_error()
    chosen = _shown()
    if not found:
        _empty()
        return
    if chosen is None:
        _lists(found)
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _lists(found)
    with right:
        job_details(chosen)


def _shown() -> JobView | None:
    """The job in the URL; a bad or unknown id becomes a message."""
    job_id = st.query_params.get(JOB)
    if not job_id:
        return None
    try:
        return jobs.get(job_id)
    except NotFound as error:
        st.error(plain(str(error)))
        return None


def _empty() -> None:
    st.info(
        "Work that takes longer than a minute runs here, in a process of its own: it goes on when you leave the page, "
        "shows rate and time left, stops when you say so, and after a crash does only what is missing. There is none "
        "yet: add documents to a collection, or run `loupe docs add FILE --collection NAME` in a terminal.",
        icon=":material/pending_actions:",
    )


def _lists(found: list[JobView]) -> None:
    running = [job for job in found if job.status == "running"]
    waiting = sorted(
        (job for job in found if job.status == "queued"), key=lambda job: (job.accelerator, job.place or 0)
    )
    stopped = [job for job in found if job.status == "interrupted"]
    ended = [job for job in found if not job.active and job.status != "interrupted"]
    for title, some in (("Running", running), ("Waiting", waiting), ("Interrupted", stopped)):
        if some:
            st.subheader(title, anchor=False)
            for job in some:
                _card(job)
    if ended:
        st.subheader("Ended", anchor=False)
        ticked = [ended[place] for place in _table(ended) if place < len(ended)]
        if ticked and not (len(ticked) == 1 and ticked[0].id == st.query_params.get(JOB)):
            delete_button(ticked, key="jobs_ticked")
        elif not st.query_params.get(JOB):
            st.caption("Tick one job to see all of it; tick several to delete them.")


def _card(job: JobView) -> None:
    chosen = st.query_params.get(JOB)

    def details() -> None:
        if job.id != chosen:
            icon, key = ":material/monitoring:", f"jobs_open_{job.id}"
            st.button("Details", key=key, type="tertiary", icon=icon, on_click=show, args=(job.id,))

    with st.container(border=True):
        job_line(job, key="jobs_list", narrow=bool(chosen), more=details)


def _table(ended: list[JobView]) -> list[int]:
    """Draw what has ended; the places of the ticked rows. One ticked row goes into the URL."""
    # a selection is by place: other rows, other table
    key = f"jobs_table_{hash(tuple(job.id for job in ended))}"

    def choose() -> None:
        rows = [place for place in st.session_state[key].selection.rows if place < len(ended)]
        show(ended[rows[0]].id if len(rows) == 1 else None)

    drawn = st.dataframe(
        [
            {
                "When": job.created_at,
                "Title": defuse(job.title),  # the table's own download button writes its cells as they are
                "Kind": job.kind,
                "Status": status_text(job),
                "Done": progress_text(job) if job.total is not None or job.done else None,
                "Took": duration((job.ended_at - job.started_at).total_seconds())
                if job.ended_at and job.started_at
                else None,
            }
            for job in ended
        ],
        key=key,
        on_select=choose,
        selection_mode="multi-row",
        hide_index=True,
        placeholder="–",
        column_order=("Title", "Status", "Done") if st.query_params.get(JOB) else None,
        alt="Jobs that have ended, newest first, with title, kind, status, how far they came and how long they took",
        column_config={
            "When": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width=165),
            "Title": st.column_config.TextColumn(width="medium"),
        },
    )
    return list(drawn.selection.rows)


st.title("Jobs", anchor=False)
try:
    page()
except LoupeError as error:
    st.error(plain(str(error)))
