"""Choosing what is trained on: the example, an upload or a file of the machine; its format, and its first rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.live.looks import stamp
from core.prompts.names import short
from core.store.export import defuse
from core.tuning.data import FORMATS, Example, Rows, first_rows
from pages.shared.text import plain
from pages.shared.tuning import draft
from pages.shared.tuning.column_desk import column_desk
from pages.shared.tuning.uploads import keep

KINDS = ["jsonl", "ndjson", "json", "csv", "tsv", "parquet", "txt"]
SHOWN = 5
TEXT = 220
SOURCES = {
    "example": ":material/school: Example",
    "upload": ":material/upload: Upload",
    "path": ":material/folder_open: Path",
}


def data_desk() -> str:
    """Draw it; the sentence that says why the file cannot be read, shown already, or nothing."""
    st.session_state.setdefault(draft.SOURCE, "upload")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.segmented_control(
            "Where the rows are",
            list(SOURCES),
            key=draft.SOURCE,
            format_func=lambda each: SOURCES[each],
            on_change=_changed,
            persist_state="session",
        )
        if source == "path":
            st.text_input("File on this machine", key=draft.PATH, on_change=_path, width=420, persist_state="session")
    if source == "upload":
        st.file_uploader(
            "Rows to train on",
            type=KINDS,
            key="tune_upload",
            on_change=_upload,
            args=("tune_upload", draft.DATA),
            help="JSON Lines, JSON, CSV, Parquet or text: "
            + "; ".join(f"{name} – {FORMATS[name]}" for name in FORMATS),
        )
    if error := st.session_state.pop("tune_data_error", None):
        st.error(plain(error))
    if not st.session_state[draft.DATA]:
        return ""
    return _shown(Path(st.session_state[draft.DATA]))


def held_out_desk() -> None:
    """Draw where held-out rows come from: a share of the rows, or a file of their own."""
    st.file_uploader(
        "Held-out rows (instead of a share)",
        type=KINDS,
        key="tune_upload_held_out",
        on_change=_upload,
        args=("tune_upload_held_out", draft.EVAL_DATA),
    )
    if st.session_state[draft.EVAL_DATA]:
        st.caption(f"Held out: {plain(Path(st.session_state[draft.EVAL_DATA]).name)}")


def _changed() -> None:
    if st.session_state.get(draft.SOURCE) == "example":
        draft.use_example()
    elif st.session_state.get(draft.SOURCE) == "path":
        _path()


def _path() -> None:
    draft.use_data(str(st.session_state.get(draft.PATH) or "").strip())


def _upload(key: str, target: str) -> None:
    sent = st.session_state.get(key)
    try:
        path = str(keep(sent)) if sent is not None else ""
    except LoupeError as error:
        st.session_state["tune_data_error"] = str(error)
        return
    if target == draft.DATA:
        draft.use_data(path)
    else:
        st.session_state[target] = path


def _shown(path: Path) -> str:
    refused = ""
    chosen = st.session_state.get(draft.FORMAT)
    try:
        rows = _first(path, stamp(path), chosen, tuple(draft.columns().items()))
    except LoupeError as error:
        refused, rows = str(error), None
        st.error(plain(refused))
    with st.container(horizontal=True, vertical_alignment="center"):
        if rows is not None:
            used = ", ".join(
                role if role == column else f"{role} from {short(column)}" for role, column in rows.columns
            )
            st.markdown(
                f"**{plain(path.name)}** · {'' if chosen else 'seen as '}{rows.format}"
                + (f" · {plain(used)}" if used else ""),
                width="stretch",
            )
        st.selectbox(
            "Format",
            list(FORMATS),
            index=None,
            key=draft.FORMAT,
            placeholder="Format: from the columns",
            label_visibility="collapsed",
            width=230,
            persist_state="session",
        )
        if rows is not None and path.suffix.lower() != ".txt":
            with st.popover("Columns", icon=":material/view_column:", help="Which column is read as what"):
                column_desk(path, rows.format, dict(rows.columns))
        st.toggle(
            "Skip broken rows",
            key=draft.SKIP,
            help="Leave out rows that cannot be used, and say which, instead of refusing the file.",
            persist_state="session",
        )
    if rows is None:
        if chosen:
            column_desk(path, chosen, {})
        return refused
    st.dataframe(
        [_line(each, rows) for each in rows.examples],
        hide_index=True,
        key="tune_rows",
        alt=f"The first rows of {path.name}",
        column_config={"Row": st.column_config.NumberColumn(width=56)},
    )
    for problem in rows.problems:
        st.warning(plain(problem))
    return refused


@st.cache_data(max_entries=16, show_spinner=False)
def _first(path: Path, version: tuple[int, int], chosen: str | None, columns: tuple[tuple[str, str], ...]) -> Rows:
    """The first rows, read anew when the file has changed: JSON is read whole, and every click draws the page."""
    return first_rows(path, format=chosen, columns=dict(columns), count=SHOWN)


def _line(example: Example, rows: Rows) -> dict[str, Any]:
    if rows.format == "text":
        return {"Row": example.number, "Text": _cut(example.text)}
    if example.label is not None:
        return {"Row": example.number, "Text": _cut(example.text), "Label": _cut(example.label)}
    if example.messages:
        before = " ⏎ ".join(f"{turn['role']}: {turn['content']}" for turn in example.messages[:-1])
        return {"Row": example.number, "What comes before": _cut(before), "Answer": _cut(example.answer)}
    return {"Row": example.number, "Prompt": _cut(example.prompt), "Answer": _cut(example.answer)}


def _cut(text: str) -> str:
    return defuse(text if len(text) <= TEXT else text[: TEXT - 1] + "…")
