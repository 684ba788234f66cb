"""What the widgets of Ask hold, as requests; and requests back into the widgets. Starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from core.documents.answering import AnswerRequest, runs
from core.documents.answering.refusal import DEFAULT_RETRIEVAL
from core.errors import InvalidInput
from core.generation.request import ChatMessage
from core.settings import get_settings
from pages.shared.documents.picker import COLLECTION
from pages.shared.documents.retrieval_panel import fill_retrieval, retrieval
from pages.shared.session import MODEL, params, set_dials

PAGE = "ask"
"""Prefix of the session keys of Ask's sampling dials and of its first retrieval settings."""
OTHER = "ask_other"
"""The same for the second retrieval settings."""
QUESTION, BESIDE, STRICT = "ask_question", "ask_beside", "ask_strict"
Beside = Literal["without", "settings", "nothing"]
BESIDE_NAMES: dict[Beside, str] = {
    "without": "Without documents",
    "settings": "Other settings",
    "nothing": "Nothing",
}
DEFAULT_DIALS = {"temperature": 0.0, "max_tokens": 160}
_DIALS = ("temperature", "top_p", "top_k", "max_tokens", "seed")
"""Sampling settings with a widget here; what nobody could see is not taken over from a run."""


def prepare() -> None:
    """Give every widget that has no value yet its first one."""
    if f"{PAGE}_temperature" not in st.session_state:
        set_dials(DEFAULT_DIALS, PAGE)
    for page in (PAGE, OTHER):
        if f"{page}_find_mode" not in st.session_state:
            fill_retrieval(page, DEFAULT_RETRIEVAL if page == PAGE else _other_first())
    for key, value in {MODEL: get_settings().default_model, BESIDE: "without", STRICT: True}.items():
        st.session_state.setdefault(key, value)


def wanted(question: str, before: Sequence[runs.RunView]) -> list[AnswerRequest]:
    """What is to be asked: a request for every column.

    Args:
        question: what to ask.
        before: the shown answers that it follows on.

    Raises:
        InvalidInput: there is no question or no collection, or a setting is out of range.
    """
    collection = st.session_state.get(COLLECTION)
    if not collection:
        raise InvalidInput("Choose a collection to ask; the page Collections makes one.", "collection")
    dials = params(PAGE)
    if dials.seed is None and not dials.greedy:
        dials = dials.model_copy(update={"seed": _drawn()})  # the columns differ in the documents only
    shared: dict[str, Any] = {
        "question": question,
        "model": st.session_state[MODEL],
        "collection": collection,
        "params": dials,
        "retrieval": retrieval(PAGE),
        "strict": bool(st.session_state.get(STRICT, True)),
    }
    beside: Beside = st.session_state.get(BESIDE, "without")
    first = AnswerRequest.parse(**shared, **_follows(before, 0))
    if beside == "without":
        return [first, AnswerRequest.parse(**shared, use_documents=False, **_follows(before, 1))]
    if beside == "settings":
        return [first, AnswerRequest.parse(**{**shared, "retrieval": retrieval(OTHER)}, **_follows(before, 1))]
    return [first]


def adopt(requests: Sequence[AnswerRequest]) -> None:
    """Put collection, model and settings of answers that are shown into the widgets."""
    first, second = requests[0], requests[1] if len(requests) > 1 else None
    st.session_state[COLLECTION] = first.collection
    st.session_state[MODEL] = first.model
    st.session_state[STRICT] = first.strict
    dials = first.params.model_dump()
    set_dials({name: dials[name] for name in _DIALS}, PAGE)
    fill_retrieval(PAGE, first.retrieval)
    if second is None:
        st.session_state[BESIDE] = "nothing"
    elif second.with_documents:
        st.session_state[BESIDE] = "settings"
        fill_retrieval(OTHER, second.retrieval)
    else:
        st.session_state[BESIDE] = "without"


def _follows(before: Sequence[runs.RunView], column: int) -> dict[str, Any]:
    """History and parent of a question after the shown answers: each column remembers what it said itself."""
    if not before:
        return {}
    run = before[min(column, len(before) - 1)]
    turn = [
        ChatMessage(role="user", content=run.request.question),
        ChatMessage(role="assistant", content=run.result.answer or "(no answer)"),
    ]
    return {"history": (*run.request.history, *turn), "parent": run.id}


def _drawn() -> int:
    import secrets

    return secrets.randbelow(2**31)


def _other_first() -> Any:
    return DEFAULT_RETRIEVAL.model_copy(update={"mode": "similarity"})
