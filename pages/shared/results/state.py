"""What the page Results shows, as its address says it: which eval, which rows, which cell. Ids and filters only.

Draws nothing. Knows nothing of figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import streamlit as st

from core.errors import LoupeError
from core.evals.results import Filter
from core.store import evals
from core.store.evals import EvalRecord

EVAL, CELL, EARLIER = "eval", "cell", "earlier"
"""Query parameters: the shown eval; the opened cell, ROW-VARIANT-REPEAT; the run it is compared with."""
MODE, SEARCH, METRIC, SIDE, VALUE = "rows_mode", "rows_search", "rows_assertion", "rows_side", "rows_value"
VARIANTS, CHANGE, NUMBER = "rows_only", "rows_change", "rows_page"
"""Keys of widgets that keep themselves in the address."""
ERROR = "results_error"
LISTED = 200
BELOW = "below"
_CELL = re.compile(r"(\d{1,9})-(\d{1,4})-(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Opened:
    """The cell in the address."""

    row: int
    variant: int
    repeat: int

    def __str__(self) -> str:
        return f"{self.row}-{self.variant}-{self.repeat}"


def chosen_eval(found: list[EvalRecord]) -> EvalRecord:
    """The eval in the address, else the newest of `found`; a bad or unknown id becomes a message.

    Raises:
        StoreError: the store cannot be read.
    """
    asked = st.query_params.get(EVAL)
    if asked:
        try:
            return next((each for each in found if each.id == asked), None) or evals.get(asked)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)
            for name in (EVAL, CELL, EARLIER):
                st.query_params.pop(name, None)
    return found[0]


def show(eval_id: str) -> None:
    """Show another eval, with no cell open and no comparison; call it from a widget's callback only."""
    for name in (CELL, EARLIER, CHANGE):
        st.query_params.pop(name, None)
        st.session_state.pop(name, None)
    st.query_params[EVAL] = eval_id


def opened() -> Opened | None:
    """The cell in the address, `None` when there is none or it is no cell."""
    found = _CELL.fullmatch(st.query_params.get(CELL, ""))
    return Opened(*(int(part) for part in found.groups())) if found else None


def open_cell(cell: Opened | str | None) -> None:
    """Open a cell, or with `None` close the one that is open; call it from a widget's callback only."""
    if cell is None:
        st.query_params.pop(CELL, None)
    elif _CELL.fullmatch(str(cell)):
        st.query_params[CELL] = str(cell)


def page_number() -> int:
    """The page of rows that the widget holds, or before it is drawn, the address."""
    asked = st.session_state.get(NUMBER, st.query_params.get(NUMBER, "1"))
    return int(asked) if str(asked).isdecimal() and len(str(asked)) < 9 else 1


def first_page() -> None:
    """Other rows begin on their first page; call it from a widget's callback only."""
    st.session_state[NUMBER] = 1


def metric_filter() -> Filter | None:
    """The filter by a single assertion that the widgets hold."""
    name = st.session_state.get(METRIC)
    if not name:
        return None
    return Filter(name, st.session_state.get(SIDE, BELOW) == BELOW, float(st.session_state.get(VALUE, 0.5)))
