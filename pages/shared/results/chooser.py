"""Which eval the page shows: a box with the newest first, its id in the address."""

from __future__ import annotations

import streamlit as st

from core.store import evals
from core.store.evals import EvalRecord
from pages.shared.results.state import LISTED, chosen_eval, show
from pages.shared.text import plain

_BOX = "results_eval"


def chooser() -> EvalRecord | None:
    """Draw the box; `None` when there is no eval.

    Raises:
        StoreError: the store cannot be read.
    """
    found = evals.list_evals(limit=LISTED)
    if not found:
        return None
    record = chosen_eval(found)
    if all(each.id != record.id for each in found):
        found.append(record)
    by_id = {each.id: each for each in found}
    st.session_state[_BOX] = record.id
    st.selectbox(
        "Eval",
        list(by_id),
        key=_BOX,
        format_func=lambda eval_id: titled(by_id[eval_id]) if eval_id in by_id else eval_id,
        on_change=lambda: show(st.session_state[_BOX]),
        label_visibility="collapsed",
        width=520,
    )
    return record


def titled(record: EvalRecord) -> str:
    """Name, time and size of an eval."""
    return f"{record.name} · {record.created_at:%Y-%m-%d %H:%M} UTC · {counted(record.rows, 'row')}"


def counted(number: int, what: str) -> str:
    """`1 row`, `5,000 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def headed(sentence: str, facts: list[str]) -> None:
    """Draw the sentence and what it rests on."""
    with st.container(gap="xsmall"):
        st.subheader(plain(sentence), anchor=False)
        st.caption(plain(" · ".join(facts)))
