"""Results: what an eval came to, with an interval on every figure; its rows × variants, cell by cell."""

from typing import Any

import streamlit as st

from core import jobs
from core.errors import LoupeError, NotFound
from core.evals.results import Against, Summary, TablePage, assertion_names, summary, table
from core.jobs import JobView
from core.store.evals import EvalRecord
from pages.shared.jobs import job_line
from pages.shared.results.board import board
from pages.shared.results.cell import cell_details
from pages.shared.results.chooser import chooser, counted, headed
from pages.shared.results.cost import cost_plot
from pages.shared.results.downloads import downloads
from pages.shared.results.earlier import earlier_runs, since
from pages.shared.results.filters import filters
from pages.shared.results.matrix import matrix
from pages.shared.results.pairs import assertions_table, pairs_table
from pages.shared.results.state import ERROR, NUMBER, Opened, open_cell, opened, page_number
from pages.shared.results.welcome import welcome
from pages.shared.text import plain

POLL_S, POLL_MANY_S, MANY = 2.0, 10.0, 5000  # a look at so many cells costs more than a glance
NOTES = 5
STALE_S = 1.0  # a look at the store so long ago will do: one script run asks several times
TABS = ("Leaderboard", "Pairs", "Cost and score", "Assertions", "Since an earlier run", "Reports")
TAB = "results_tab"


def page() -> None:
    """Everything on the page.

    Raises:
        LoupeError: the store cannot be read.
    """
    record = chooser()
    if record is None:
        welcome()
        return
    job = job_of(record)
    if job and job.status != "finished":
        job_line(job.id, key="results_job")
    found = summary(record.id, metrics=False)
    every = (POLL_S if found.expected <= MANY else POLL_MANY_S) if job and job.active else None
    changed = since(record, STALE_S)
    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))
    polled(overview, every)(record, changed)
    wanted = filters(found, assertion_names(record.id, stale_s=STALE_S), changed)
    polled(rows, every)(record, wanted)


def job_of(record: EvalRecord) -> JobView | None:
    """The job that runs it, while there is one to look at."""
    try:
        return jobs.get(record.job) if record.job else None
    except NotFound:  # deleted; what it did is still here
        return None


def polled(draw: Any, every: float | None) -> Any:
    """`draw`, again and again while the eval runs; the job's own line runs the page once it has ended."""
    return st.fragment(draw, run_every=every) if every else draw


def overview(record: EvalRecord, changed: Against | None) -> None:
    """The sentence, and the figures behind it in tabs.

    Raises:
        LoupeError: the store cannot be read.
    """
    found = summary(record.id, metrics=False, stale_s=STALE_S)
    headed(found.sentence, facts(found))
    for note in found.notes[:NOTES]:
        st.caption(f":material/info: {plain(note)}")
    tabs = dict(zip(TABS, st.tabs(TABS, key=TAB, on_change="rerun", bind="query-params"), strict=True))
    draw: dict[str, Any] = {
        "Leaderboard": lambda: board(found),
        "Pairs": lambda: pairs_table(found),
        "Cost and score": lambda: cost_plot(found),
        "Assertions": lambda: assertions_table(summary(record.id, stale_s=STALE_S)),
        "Since an earlier run": lambda: earlier_runs(record, changed),
        "Reports": lambda: downloads(record),
    }
    for name, tab in tabs.items():
        if tab.open:
            with tab:
                draw[name]()


def facts(found: Summary) -> list[str]:
    """What the sentence rests on."""
    said = [f"{counted(found.rows, 'row')} × {counted(len(found.variants), 'variant')}"]
    if found.repeat > 1:
        said[0] += f" × {found.repeat} times"
    if found.done < found.expected:
        said.append(f"{found.done:,} of {found.expected:,} cells so far")
    said.append(f"{counted(found.calls, 'call')}, {found.cached:,} from the cache")
    if found.broken:
        said.append(f"{counted(found.broken, 'row')} could not be read")
    if found.errors:
        said.append(f"{counted(found.errors, 'call')} had no answer")
    if found.unjudged:
        said.append(f"{counted(found.unjudged, 'answer')} got no verdict")
    if found.overridden:
        said.append(f"{counted(found.overridden, 'cell')} by a person's word")
    return said


def rows(record: EvalRecord, wanted: dict[str, Any]) -> None:
    """The table, and beside it the cell in the address.

    Raises:
        LoupeError: the store cannot be read.
    """
    try:
        shown = table(record.id, page=page_number(), stale_s=STALE_S, **wanted)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    cell = opened()
    if cell is None:
        listed(record, shown, None)
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        listed(record, shown, cell)
    with right:
        try:
            cell_details(record, summary(record.id, metrics=False, stale_s=STALE_S), cell, shown.numbers)
        except NotFound as error:
            st.error(plain(str(error)))
            st.button("Close", key="results_close", on_click=open_cell, args=(None,))


def listed(record: EvalRecord, shown: TablePage, cell: Opened | None) -> None:
    """One page of rows."""
    if shown.note:
        st.warning(plain(shown.note))
    st.caption(f"{shown.matching:,} of {shown.total:,} rows")
    if not shown.rows:
        st.info("No row matches. Try another mode, fewer words or no filter.", icon=":material/search_off:")
        return
    key = f"results_matrix_{record.id}"
    matrix(
        shown.rows,
        shown.names,
        label="Rows by variants; every cell opens",
        key=key,
        chosen=str(cell) if cell else None,
        on_choose=lambda: open_cell(st.session_state[key].chosen),
    )
    if shown.pages > 1:
        st.session_state[NUMBER] = shown.page
        st.number_input(f"Page (of {shown.pages:,})", 1, shown.pages, key=NUMBER, bind="query-params", width=160)


try:
    page()
except LoupeError as error:
    st.error(plain(str(error)))
