"""The jobs of a collection in place: those at work with rate and time left, the last one with a line for every file.

Knows nothing of what the jobs do.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import jobs
from core.documents.collections import CollectionView
from pages.shared.documents.adding import jobs_of
from pages.shared.jobs import job_line
from pages.shared.text import plain

POLL_S = 1.0
_WORDS = {
    "added": ("Added", ":material/check:"),
    "changed": ("Replaced", ":material/sync:"),
    "replaced": ("Replaced", ":material/sync:"),
    "unchanged": ("Unchanged", ":material/drag_handle:"),
    "refused": ("Refused", ":material/block:"),
    "failed": ("Failed", ":material/error:"),
}
_SEEN = "docs_jobs_done"


def job_results(collection: CollectionView) -> None:
    """Draw the jobs at work, polled, and what the last one came to."""
    found = jobs_of(collection)
    active = [each.id for each in found if each.active]
    if active:
        st.fragment(_poll, run_every=POLL_S)(active)
        return
    if found and found[0].id not in st.session_state.setdefault(_SEEN, []):
        _last(found[0])


def _poll(ids: list[str]) -> None:
    views = [jobs.get(job_id) for job_id in ids]
    for view in views:
        job_line(view)
    if any(not view.active for view in views):
        st.rerun()  # the whole page: there are new files


def _last(view: jobs.JobView) -> None:
    with st.container(border=True):
        job_line(view)
        files = [each for each in view.result.get("files", ()) if isinstance(each, dict)]
        if files:
            _files(files, view.id)
        st.button("Close", key=f"docs_job_close_{view.id}", type="tertiary", on_click=_close, args=(view.id,))


def _files(files: list[dict[str, Any]], job_id: str) -> None:
    wrong = [each for each in files if each.get("status") in ("refused", "failed")]
    for each in wrong[:5]:
        st.warning(plain(f"{each.get('path', '')}: {each.get('reason') or 'it could not be read.'}"))
    with st.expander(f"What became of {len(files):,} file{'' if len(files) == 1 else 's'}", type="compact"):
        st.dataframe(
            [
                {
                    "File": str(each.get("path", "")),
                    "Result": _WORDS.get(str(each.get("status")), (str(each.get("status")), ""))[0],
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
    st.session_state.setdefault(_SEEN, []).append(job_id)
