"""The jobs of a collection in place: those at work with rate and time left, the last one with a line for every file.

Knows nothing of what the jobs do.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import jobs
from core.documents.collections import CollectionView
from core.store.export import defuse
from pages.shared.documents.adding import jobs_of
from pages.shared.jobs import job_line
from pages.shared.text import plain

POLL_S = 1.0
KINDS = ("ingest", "reembed", "rebuild")
_WORDS = {
    "added": "Added",
    "replaced": "Replaced",
    "unchanged": "Unchanged",
    "refused": "Refused",
    "failed": "Failed",
}
_WATCHED, _CLOSED = "docs_jobs_watched", "docs_jobs_closed"


def job_results(collection: CollectionView) -> None:
    """Draw the jobs at work, polled, and what the last one came to if somebody here watched it or it went wrong."""
    found = jobs_of(collection)
    active = [each.id for each in found if each.active]
    if active:
        st.session_state.setdefault(_WATCHED, set()).update(active)
        st.fragment(_poll, run_every=POLL_S)(active)
        return
    if not found or found[0].id in st.session_state.get(_CLOSED, ()):
        return
    if found[0].id in st.session_state.get(_WATCHED, ()) or found[0].status != "finished":
        _last(found[0])


def jobs_at_work() -> None:
    """Draw every job that is filling, changing or rebuilding a collection now, polled."""
    active = [each.id for kind in KINDS for each in jobs.list_jobs(kind=kind, limit=20) if each.active]
    if active:
        st.fragment(_poll, run_every=POLL_S)(active)


def _poll(ids: list[str]) -> None:
    views = [jobs.get(job_id) for job_id in ids]
    for view in views:
        job_line(view)
    if any(not view.active for view in views):
        st.rerun()  # the whole page: there are new files


def _last(view: jobs.JobView) -> None:
    files = [each for each in view.result.get("files", ()) if isinstance(each, dict)]
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            if view.status == "finished":
                st.markdown(f":material/check_circle: **{plain(view.title)}** · {_counted(files)}", width="stretch")
            else:
                with st.container(width="stretch"):
                    job_line(view)
            st.button("Close", key=f"docs_job_close_{view.id}", type="tertiary", on_click=_close, args=(view.id,))
        if files:
            _files(files, view.id)


def _counted(files: list[dict[str, Any]]) -> str:
    """`12 added, 1 refused`."""
    counts: dict[str, int] = {}
    for each in files:
        word = _WORDS.get(str(each.get("status")), str(each.get("status"))).lower()
        counts[word] = counts.get(word, 0) + 1
    return plain(", ".join(f"{number:,} {word}" for word, number in counts.items())) or "done"


def _files(files: list[dict[str, Any]], job_id: str) -> None:
    wrong = [each for each in files if each.get("status") in ("refused", "failed")]
    for each in wrong[:5]:
        st.warning(plain(f"{each.get('path', '')}: {each.get('reason') or 'it could not be read.'}"))
    many = f"What became of {len(files):,} file{'' if len(files) == 1 else 's'}"
    with st.expander(many, type="compact", key=f"docs_job_open_{job_id}"):
        st.dataframe(
            [
                {
                    "File": defuse(str(each.get("path", ""))),
                    "Result": _WORDS.get(str(each.get("status")), str(each.get("status"))),
                    "Chunks": each.get("chunks"),
                    "Reason": str(each.get("reason") or ""),
                }
                for each in files[:1000]
            ],
            hide_index=True,
            key=f"docs_job_files_{job_id}",
            alt="Files of the last job with result, chunks and reason",
        )


def _close(job_id: str) -> None:
    st.session_state.setdefault(_CLOSED, set()).add(job_id)
