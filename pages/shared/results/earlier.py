"""This run against an earlier one: what got worse, what got better, in words and numbers. Draws; computes nothing."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.evals.results import Against, against
from core.store import evals
from core.store.evals import EvalRecord
from core.store.export import defuse
from pages.shared.results.chooser import titled
from pages.shared.results.state import CHANGE, EARLIER, ERROR, LISTED
from pages.shared.text import plain

_BOX = "results_earlier"


def since(record: EvalRecord, stale_s: float) -> Against | None:
    """The comparison with the run in the address; a bad or unknown id becomes a message.

    Raises:
        StoreError: the store cannot be read.
    """
    asked = st.query_params.get(EARLIER)
    if not asked or asked == record.id:
        return None
    try:
        return against(record.id, asked, stale_s=stale_s)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        st.query_params.pop(EARLIER, None)
        return None


def earlier_runs(record: EvalRecord, found: Against | None) -> None:
    """Draw the choice of an earlier run, and what changed since.

    Raises:
        StoreError: the store cannot be read.
    """
    before = [each for each in evals.list_evals(limit=LISTED) if each.created_at < record.created_at]
    # runs of the same file first, the newest of them before the others
    before.sort(key=lambda each: each.name != record.name)
    if found is not None and all(each.id != found.earlier.id for each in before):
        before.append(found.earlier)
    if not before:
        st.caption("There is no earlier run yet. Run the same file again and see here what got worse.")
        return
    by_id = {each.id: each for each in before}
    st.session_state[_BOX] = found.earlier.id if found else None
    st.selectbox(
        "Compare with",
        list(by_id),
        index=None,
        key=_BOX,
        format_func=lambda eval_id: titled(by_id[eval_id]) if eval_id in by_id else str(eval_id),
        placeholder="an earlier run",
        on_change=_choose,
        width=520,
    )
    if found is not None:
        _changes(found)


def _choose() -> None:
    st.query_params.pop(CHANGE, None)
    st.session_state.pop(CHANGE, None)
    if chosen := st.session_state.get(_BOX):
        st.query_params[EARLIER] = chosen
    else:
        st.query_params.pop(EARLIER, None)


def _changes(found: Against) -> None:
    st.caption(
        f"{found.matched:,} rows are in both, matched by what they hold; {len(found.new):,} are new, "
        f"{found.gone:,} gone."
    )
    if not found.variants:
        st.caption("No variant has the same name in both runs.")
        return
    st.dataframe(
        [
            {
                "Variant": defuse(each.name),
                "Got worse": len(each.worse),
                "Got better": len(each.better),
                "Same": each.same,
                "What changed": each.sentence,
            }
            for each in found.variants
        ],
        hide_index=True,
        key="results_changes",
        alt="What changed since the earlier run, by variant",
        column_config={"What changed": st.column_config.TextColumn(width="large")},
    )
    apart = [("only in this run", found.new_variants), ("only in the earlier run", found.gone_variants)]
    for words, names in apart:
        if names:
            st.caption(plain(f"{words.capitalize()}: {', '.join(names)}."))
    st.caption("“Since then” above the table shows the rows themselves.")
