"""Which rows the table shows: mode, words or a pattern, one assertion, variants. All of it in the address.

Knows nothing of cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.evals.results import MODES, Against, Summary
from pages.shared.results.state import (
    BELOW,
    CHANGE,
    METRIC,
    MODE,
    SEARCH,
    SIDE,
    VALUE,
    VARIANTS,
    first_page,
    metric_filter,
)

SHOWN_MODES = ("all", "failures", "differ", "texts", "errors")
SEARCH_CHARACTERS = 500
HELP = (
    "**Failures**: any cell failed. **Differ**: one variant passed where another failed. **Texts differ**: the outputs "
    "are not alike. **Errors**: a call had no answer, or its answer no verdict."
)
CHANGES = {"worse": "Got worse", "better": "Got better", "new": "New rows"}


def filters(found: Summary, assertions: Sequence[str], since: Against | None) -> dict[str, Any]:
    """Draw them; what `table` takes for them.

    Args:
        found: the eval.
        assertions: names of single assertions to filter by.
        since: the comparison with an earlier run, if there is one.
    """
    modes = {MODES[name]: name for name in _modes(found)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = st.segmented_control(
            "Rows",
            list(modes),
            default=MODES["all"],
            key=MODE,
            bind="query-params",
            on_change=first_page,
            help=HELP,
            required=True,
        )
        search = st.text_input(
            "Search",
            key=SEARCH,
            max_chars=SEARCH_CHARACTERS,
            placeholder="words, or re:pattern",
            help="In variables and outputs. After re: comes a pattern in the syntax of Python's re.",
            bind="query-params",
            on_change=first_page,
            width=260,
        )
        with st.popover("More filters", icon=":material/filter_list:"):
            _more(found, assertions)
        rows = _changed(since)
    variants = [found.names.index(name) for name in st.session_state.get(VARIANTS) or [] if name in found.names]
    return {
        "mode": modes.get(mode or "", "all"),
        "search": search,
        "metric": metric_filter(),
        "variants": variants or None,
        "rows": rows,
    }


def _modes(found: Summary) -> list[str]:
    """Those that make sense here."""
    some = list(SHOWN_MODES)
    if found.overridden:
        some.append("overridden")
    if found.broken:
        some.append("broken")
    return some


def _more(found: Summary, assertions: Sequence[str]) -> None:
    if st.session_state.get(METRIC) not in assertions:
        st.session_state.pop(METRIC, None)
    st.selectbox(
        "Assertion",
        list(assertions),
        index=None,
        key=METRIC,
        bind="query-params",
        on_change=first_page,
        placeholder="any",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Its score is",
            [BELOW, "at least"],
            default=BELOW,
            key=SIDE,
            bind="query-params",
            on_change=first_page,
            required=True,
        )
        st.number_input("Value", 0.0, 1.0, 0.5, 0.05, key=VALUE, bind="query-params", on_change=first_page, width=130)
    st.multiselect(
        "Look only at",
        found.names,
        key=VARIANTS,
        bind="query-params",
        on_change=first_page,
        placeholder="all variants",
        help="Rows count by the cells of these variants; all variants stay in sight.",
    )


def _changed(since: Against | None) -> list[int] | None:
    """Draw what can be chosen of a comparison with an earlier run; the rows that are."""
    if since is None:
        return None
    picked = st.segmented_control(
        "Since then", list(CHANGES.values()), key=CHANGE, bind="query-params", on_change=first_page
    )
    kind = next((name for name, title in CHANGES.items() if title == picked), None)
    if kind == "new":
        return list(since.new)
    if kind == "worse":
        return sorted({row for each in since.variants for row in each.worse})
    if kind == "better":
        return sorted({row for each in since.variants for row in each.better})
    return None
