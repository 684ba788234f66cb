"""Evals that were run: how far or how well, and a link to the results of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import streamlit as st

from core.errors import LoupeError
from core.evals import running
from core.jobs.words import status_text
from core.store import eval_figures, evals
from core.store.evals import EvalRecord
from core.store.export import defuse
from pages.shared.evals.state import ERROR, EVAL

LISTED = 50
TABLE = "evals_earlier"


def earlier() -> None:
    """Draw them, newest first.

    Raises:
        StoreError: the store cannot be read.
    """
    records = evals.list_evals(limit=LISTED, documents=False)
    if not records:
        return
    st.subheader("Earlier evals", anchor=False)
    found = st.dataframe(
        [_line(record) for record in records],
        hide_index=True,
        key=TABLE,
        on_select="rerun",
        selection_mode="multi-row",
        alt="Evals that were run, newest first",
        column_config={
            "Name": st.column_config.TextColumn(width=380),
            "Begun (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=150),
            "Passed": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1, width="small"),
            "Results": st.column_config.LinkColumn(display_text="open", width="small"),
        },
    )
    chosen = [records[place] for place in _selected(found) if place < len(records)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Tick rows to delete them." if not chosen else f"{len(chosen)} chosen", width="content")
        if chosen:
            with st.popover("Delete…", icon=":material/delete:"):
                st.markdown("Delete them with their cells, and the answers that no other eval shows?")
                st.button(
                    "Delete for good",
                    key="evals_delete",
                    type="primary",
                    on_click=_delete,
                    args=([each.id for each in chosen],),
                )


def _line(record: EvalRecord) -> dict[str, Any]:
    counts = eval_figures.counts(record.id)
    cells, passed = sum(each.cells for each in counts), sum(each.passed for each in counts)
    judged = cells - sum(each.errors + each.unjudged for each in counts)
    job = running.job_of(record)
    return {
        "Name": defuse(record.name),
        "Begun (UTC)": record.created_at,
        "Rows": record.rows,
        "Cells": cells,
        "Passed": passed / judged if judged else None,
        "Status": status_text(job) if job is not None else "done",
        "Results": f"/results?eval={quote(record.id)}",
    }


def _selected(found: Any) -> list[int]:
    selection = getattr(found, "selection", None)
    return list(getattr(selection, "rows", None) or [])


def _delete(ids: list[str]) -> None:
    st.session_state.pop(ERROR, None)
    for eval_id in ids:
        try:
            running.delete(eval_id)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)
            return
        if st.query_params.get(EVAL) == eval_id:
            st.query_params.pop(EVAL, None)
