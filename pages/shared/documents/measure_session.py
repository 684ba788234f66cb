"""Which measurement the page Measure shows, and starting one. Its job's id is in the URL, drafts in the session."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import jobs
from core.documents.collections import CollectionView
from core.documents.settings import Mode
from core.errors import LoupeError
from pages.shared.documents.question_files import StoredSet
from pages.shared.documents.retrieval_panel import MODE_NAMES, retrieval

PAGE = "measure"
JOB = "measured"
"""Query parameter that holds the id of the shown measurement's job."""
ERROR = "measure_error"
MODES, K, SIZES = "measure_modes", "measure_k", "measure_sizes"


def check_link() -> None:
    """Let go of a job in the URL that does not exist, and say so."""
    try:
        if asked := st.query_params.get(JOB):
            jobs.get(asked)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        st.query_params.pop(JOB, None)


def shown_job(kind: str, collection: CollectionView) -> jobs.JobView | None:
    """The job in the URL, else the collection's last one of this kind.

    Raises:
        LoupeError: the store cannot be read.
    """
    if asked := st.query_params.get(JOB):
        found = jobs.get(asked)
        if found.kind == kind and found.request.get("collection") == collection.id:
            return found
    mine = [each for each in jobs.list_jobs(kind=kind) if each.request.get("collection") == collection.id]
    return mine[0] if mine else None


def start_measuring(collection: CollectionView, questions: StoredSet) -> None:
    """Measure every ticked mode; call it from a widget's callback only."""
    modes = _modes()
    if not modes:
        st.session_state[ERROR] = "Tick at least one mode."
        return
    _start(
        "measure",
        f"Measure {collection.name} with {questions.name}",
        {
            **_questions(collection, questions),
            "settings": lambda: [retrieval(PAGE, mode=mode).model_dump(mode="json") for mode in modes],
        },
    )


def start_grid(collection: CollectionView, questions: StoredSet) -> None:
    """Measure every chunk size with every ticked mode; call it from a widget's callback only."""
    modes, sizes = _modes(), _sizes(str(st.session_state.get(SIZES) or ""))
    if not modes or not sizes:
        st.session_state[ERROR] = "Tick at least one mode and write at least one chunk size, such as 64, 128, 256."
        return
    _start(
        "grid",
        f"Measure chunk sizes of {collection.name} with {questions.name}",
        {
            **_questions(collection, questions),
            "chunk_sizes": sizes,
            "settings": lambda: [retrieval(PAGE, mode=mode).model_dump(mode="json") for mode in modes],
        },
    )


def start_questions(collection: CollectionView, count: int, model: str) -> None:
    """Let a model write questions for chunks of the collection; call it from a widget's callback only."""
    request = {"collection": collection.id, "count": count, "model": model}
    _start("questions", f"Write {count:,} questions from {collection.name}", request, shown=False)


def _start(kind: str, title: str, request: dict[str, Any], *, shown: bool = True) -> None:
    st.session_state.pop(ERROR, None)
    try:
        ready = {name: value() if callable(value) else value for name, value in request.items()}
        job = jobs.start(kind, title, ready)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    if shown:
        st.query_params[JOB] = job


def _questions(collection: CollectionView, questions: StoredSet) -> dict[str, Any]:
    return {
        "collection": collection.id,
        "queries": str(questions.queries),
        "qrels": str(questions.qrels),
        "questions": questions.name,
        "k": int(st.session_state.get(K, 10)),
    }


def _modes() -> list[Mode]:
    """The ticked modes, in the order of the menu."""
    ticked = st.session_state.get(MODES) or []
    return [mode for mode in MODE_NAMES if mode in ticked]


def _sizes(text: str) -> list[int]:
    parts = [part for part in text.replace(",", " ").split() if part.isdigit()]
    return sorted({int(part) for part in parts if 8 <= int(part) <= 8192})
