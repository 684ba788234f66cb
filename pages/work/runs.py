"""Runs: everything that was ever run; search, filter, open again, delete, export."""

from typing import Any

import streamlit as st

from core.documents.answering import runs as answers
from core.errors import LoupeError
from core.evals.compare import sweeping
from core.generation import runs as generations
from core.store import runs
from core.store.export import as_csv, as_jsonl, defuse
from core.techniques import runs as techniques
from pages.shared.compare.details import sweep_details
from pages.shared.documents.run_details import answer_details
from pages.shared.lab.details import technique_details
from pages.shared.run_details import run_details
from pages.shared.text import plain

PAGE_ROWS = 100
SEARCH_CHARACTERS = 500
ALL = "all"


def delete(ids: list[str]) -> None:
    """Delete the ticked runs; all of them or none."""
    try:
        runs.delete_runs(ids)
        generations.forget(ids)
        techniques.forget(ids)
        answers.forget(ids)
        sweeping.forget(ids)
    except LoupeError as error:
        st.session_state["runs_error"] = str(error)


def page() -> None:
    """Everything on the page.

    Raises:
        LoupeError: the store cannot be read or written.
    """
    runs.mark_interrupted()
    models = runs.models()
    if not models:
        st.info(
            "Every answer is kept here with its settings, to search, open again and export. There is none yet: ask the "
            "model something in the Playground or the Prompt lab, or run `loupe generate` in a terminal.",
            icon=":material/history:",
        )
        st.page_link("pages/try/playground.py", label="Open the Playground", icon=":material/experiment:")
        return
    wanted = filters(models)
    matching = runs.count_runs(**wanted)
    pages = max(1, -(-matching // PAGE_ROWS))
    number = 1
    if pages > 1:
        st.session_state["runs_page"] = min(st.session_state.get("runs_page", 1), pages)
        number = st.number_input(f"Page (of {pages})", 1, pages, key="runs_page", width=160)
    rows = runs.list_runs(limit=PAGE_ROWS, offset=(number - 1) * PAGE_ROWS, **wanted)
    if error := st.session_state.pop("runs_error", None):
        st.error(plain(error))
    if not rows:
        st.info("No run matches. Try fewer words, or another model or status.", icon=":material/search_off:")
        return
    ticked = [rows[place] for place in table(rows, number) if place < len(rows)]
    actions(ticked, wanted, matching)
    if len(ticked) == 1:
        details(runs.get(ticked[0].id))
    else:
        st.caption("Tick one run to see all of it; tick several to export or delete them.")


def details(record: runs.RunRecord) -> None:
    """One run in full, as its kind shows it."""
    if record.kind == techniques.KIND:
        technique_details(record, techniques.get(record.id))
    elif record.kind == answers.KIND:
        answer_details(record, answers.get(record.id))
    elif record.kind == sweeping.KIND:
        sweep_details(record, sweeping.get(record.id))
    else:
        run_details(record, generations.get(record.id))


def filters(models: list[str]) -> dict[str, Any]:
    """Draw search and filters; what `list_runs` takes for them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            key="runs_search",
            max_chars=SEARCH_CHARACTERS,
            placeholder="words of the prompt or the answer, or a run's id",
            persist_state="session",  # not in the URL: a search can be private
        )
        model = st.selectbox("Model", [ALL, *models], key="runs_model", bind="query-params", width=220)
        status = st.selectbox("Status", [ALL, *runs.STATUSES], key="runs_status", bind="query-params", width=160)
    return {
        "search": search.strip(),
        "model": None if model == ALL else model,
        "status": None if status == ALL else status,
    }


def table(rows: list[runs.RunRow], number: int) -> list[int]:
    """Draw page `number` of the list; the places of the ticked rows."""
    drawn = st.dataframe(
        [
            {
                "When": row.created_at,
                "Prompt": defuse(row.title),  # the table's own download button writes its cells as they are
                "Model": row.model,
                "Status": row.status,
                "In": row.prompt_tokens,
                "Out": row.completion_tokens,
                "Tokens/s": row.tokens_per_s,
            }
            for row in rows
        ],
        # a selection is by place: other rows, other table
        key=f"runs_table_{number}_{hash(tuple(row.id for row in rows))}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="–",
        alt="Runs, newest first, with prompt, model, status, tokens and speed",
        column_config={
            "When": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width=165),
            "Prompt": st.column_config.TextColumn(width="large"),
            "In": st.column_config.NumberColumn(help="Tokens of the prompt", width="small"),
            "Out": st.column_config.NumberColumn(help="Tokens of all answers", width="small"),
            "Tokens/s": st.column_config.NumberColumn(format="%.1f", width="small"),
        },
    )
    return list(drawn.selection.rows)


def actions(ticked: list[runs.RunRow], wanted: dict[str, Any], matching: int) -> None:
    """Export and deletion of the ticked rows; without any, export of all runs that match."""
    narrowed = any(wanted.values())

    def ids() -> list[str] | None:
        if ticked:
            return [row.id for row in ticked]
        return [row.id for row in runs.list_runs(limit=matching, **wanted)] if narrowed else None

    # made when somebody asks for them, outside of the script: Streamlit tells of a failure in a message of its own
    def jsonl() -> bytes:
        return "".join(as_jsonl(runs.iterate(ids()))).encode()

    def csv() -> bytes:
        return "".join(as_csv(runs.iterate(ids()))).encode()

    scope = f"{len(ticked)} selected" if ticked else f"{'all matching' if narrowed else 'all'} ({matching:,})"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"JSONL, {scope}", jsonl, "runs.jsonl", "application/jsonl", icon=":material/download:", on_click="ignore"
        )
        st.download_button(f"CSV, {scope}", csv, "runs.csv", "text/csv", icon=":material/download:", on_click="ignore")
        with st.popover("Delete…", icon=":material/delete:", disabled=not ticked):
            st.markdown(f"Delete {len(ticked)} run{'s' if len(ticked) != 1 else ''}? This cannot be undone.")
            st.button(
                "Delete for good",
                type="primary",
                key="runs_delete",
                on_click=delete,
                args=([row.id for row in ticked],),
            )


st.title("Runs", anchor=False)
try:
    page()
except LoupeError as error:
    st.error(plain(str(error)))
