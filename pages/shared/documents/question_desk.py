"""The question sets of a collection: choose one, upload one, or let a model write one and keep the good questions.

Knows nothing of measuring.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from core import jobs
from core.documents.collections import CollectionView
from core.documents.measuring import Question, question_sets
from core.errors import LoupeError
from core.settings import get_settings
from core.store.export import defuse
from pages.shared.documents import question_files as files
from pages.shared.documents.measure_session import ERROR, shown_job, start_questions
from pages.shared.documents.question_files import StoredSet
from pages.shared.jobs import job_line
from pages.shared.session import MODEL
from pages.shared.text import plain

CHOSEN, NAME = "measure_set", "measure_set_name"
UPLOAD_MB = 50
EXAMPLE = Path(__file__).parents[3] / "prompts" / "questions" / "solar-system"
MOST_SHOWN = 500


def question_picker(collection: CollectionView) -> StoredSet | None:
    """Draw the choice of a set and the ways to a new one; the chosen one."""
    sets = files.stored_sets(collection.id)
    ids = [each.id for each in sets]
    if st.session_state.get(CHOSEN) not in ids:
        st.session_state[CHOSEN] = ids[0] if ids else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {each.id: each.name for each in sets}
        chosen = st.selectbox(
            "Questions",
            ids,
            key=CHOSEN,
            format_func=lambda each: names.get(each, ""),
            placeholder="no question set yet",
            persist_state="session",
        )
        _upload(collection)
        _write(collection)
        with st.popover("Delete…", icon=":material/delete:", disabled=not chosen):
            st.markdown("Delete this question set? Measurements that used it stay.")
            st.button("Delete for good", key="measure_delete", type="primary", on_click=_delete, args=(sets, chosen))
    return next((each for each in sets if each.id == chosen), None)


def example_set(collection: CollectionView) -> None:
    """Draw the button that takes the questions that ship with the example collection."""
    st.button(
        "Take 12 example questions",
        icon=":material/play_arrow:",
        key="measure_example",
        type="primary",
        on_click=_take_example,
        args=(collection,),
    )


def questions_table(chosen: StoredSet) -> None:
    """Draw a set's questions, folded."""
    try:
        read = chosen.read()
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    for note in read.notes:
        st.caption(f":material/info: {plain(note)}")
    number = len(read.questions)
    with st.expander(f"The questions, {number:,}", type="compact", key=f"measure_questions_{chosen.id}"):
        st.dataframe(
            [
                {"Question": defuse(each.text), "Answered by": defuse(", ".join(each.judged))}
                for each in read.questions[:MOST_SHOWN]
            ],
            hide_index=True,
            key=f"measure_questions_table_{chosen.id}",
            alt="Questions and the documents that answer them",
            column_config={"Question": st.column_config.TextColumn(width="large")},
        )


def written(collection: CollectionView) -> None:
    """Draw the job that writes questions, and when it is done the table to keep or drop each."""
    job = shown_job("questions", collection)
    if job is None or job.id in st.session_state.setdefault("measure_written_done", []):
        return
    with st.container(border=True):
        job_line(job.id, key="measure_written")
        rows = [each for each in job.result.get("questions", ()) if isinstance(each, dict)]
        if job.active or not rows:
            if not job.active:
                st.button("Close", key="measure_written_close", type="tertiary", on_click=_close, args=(job.id,))
            return
        edited = st.data_editor(
            [
                {
                    "Keep": True,
                    "Question": str(row.get("question", "")),
                    "File": str(row.get("source", "")),
                    "Written for": str(row.get("quote", ""))[:300],
                }
                for row in rows
            ],
            key=f"measure_edit_{job.id}",
            hide_index=True,
            disabled=["File", "Written for"],
            column_config={
                "Keep": st.column_config.CheckboxColumn(width="small"),
                "Question": st.column_config.TextColumn(width="large", help="Can be changed here."),
                "Written for": st.column_config.TextColumn(width="large"),
            },
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.session_state.setdefault(NAME, "made from the documents")
            st.text_input("Name", key=NAME, width=320)
            kept = [(row, each) for row, each in zip(rows, _plain_rows(edited), strict=False) if each.get("Keep")]
            st.button(
                f"Save {len(kept):,} question{'' if len(kept) == 1 else 's'}",
                key="measure_save",
                type="primary",
                disabled=not kept,
                on_click=_save,
                args=(collection, job, kept),
            )
            st.button("Drop all", key="measure_written_close", type="tertiary", on_click=_close, args=(job.id,))


def _upload(collection: CollectionView) -> None:
    with st.popover("Upload…", icon=":material/upload_file:", key="measure_upload"):
        st.caption(
            'BEIR’s layout: `queries.jsonl` with a line `{"_id": "q1", "text": "…"}` a question, and `qrels.tsv` with '
            "question, document and relevance, tabs between. A document is known by its `_id`, else by its path."
        )
        queries = st.file_uploader("queries.jsonl", key="measure_queries", max_upload_size=UPLOAD_MB)
        qrels = st.file_uploader("qrels.tsv", key="measure_qrels", max_upload_size=UPLOAD_MB)
        st.text_input("Name", key="measure_upload_name", placeholder="what these questions are")
        st.button(
            "Save",
            key="measure_upload_save",
            type="primary",
            disabled=not (queries and qrels),
            on_click=_keep_upload,
            args=(collection,),
        )


def _write(collection: CollectionView) -> None:
    with st.popover("Make from the documents…", icon=":material/auto_awesome:", key="measure_write"):
        st.caption("A model reads chunks drawn at random and writes a question for each; you keep or drop every one.")
        count = st.number_input("Questions", 1, 500, 10, key="measure_count")
        model = st.text_input("Model", st.session_state.get(MODEL) or get_settings().default_model, key="measure_model")
        st.button(
            "Write them",
            key="measure_write_go",
            type="primary",
            disabled=not collection.chunks,
            on_click=start_questions,
            args=(collection, int(count), model),
        )


def _take_example(collection: CollectionView) -> None:
    try:
        read = question_sets.read(EXAMPLE / "queries.jsonl", EXAMPLE / "qrels.tsv")
        kept = files.keep(collection.id, "example questions", read.questions, made=False)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[CHOSEN] = kept.id


def _keep_upload(collection: CollectionView) -> None:
    queries, qrels = st.session_state.get("measure_queries"), st.session_state.get("measure_qrels")
    if queries is None or qrels is None:
        return
    name = str(st.session_state.get("measure_upload_name") or "") or queries.name
    try:
        kept = files.keep_uploaded(collection.id, name, queries.getvalue(), qrels.getvalue())
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[CHOSEN] = kept.id


def _save(collection: CollectionView, job: jobs.JobView, kept: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    questions = [
        Question(f"q{number}", str(edited["Question"]).strip(), {str(row.get("document", row.get("source"))): 1})
        for number, (row, edited) in enumerate(kept, start=1)
        if str(edited.get("Question") or "").strip()
    ]
    try:
        made = files.keep(collection.id, str(st.session_state.get(NAME) or ""), questions, made=True)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[CHOSEN] = made.id
    _close(job.id)


def _plain_rows(edited: Any) -> list[dict[str, Any]]:
    """What the editor holds, whichever kind of table it gave back."""
    if isinstance(edited, list):
        return edited
    return list(json.loads(edited.to_json(orient="records")))


def _close(job_id: str) -> None:
    st.session_state.setdefault("measure_written_done", []).append(job_id)


def _delete(sets: list[StoredSet], chosen: str) -> None:
    try:
        for each in sets:
            if each.id == chosen:
                files.delete(each)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
