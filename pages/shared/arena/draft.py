"""Who may meet in the arena, and what the next contestant would be. Starts nothing.

Contestants are a draft of this session; what they were when they met is kept with every vote.
"""

from __future__ import annotations

import streamlit as st

from core.documents.answering.refusal import DEFAULT_RETRIEVAL
from core.errors import LoupeError
from core.evals.arena.ballots import identity
from core.evals.arena.matches import QUESTION
from core.evals.arena.naming import name_of
from core.evals.arena.pairing import MOST
from core.evals.variant import Variant
from core.prompts.file import PromptMessage
from core.settings import get_settings
from pages.shared.documents.retrieval_panel import fill_retrieval, retrieval
from pages.shared.lab import option_draft
from pages.shared.session import params, set_dials

PAGE = "arena"
"""Prefix of the session keys of the widgets that make a contestant."""
MODEL, TECHNIQUE, COLLECTION, SYSTEM = (f"{PAGE}_{name}" for name in ("model", "technique", "collection", "system"))
CONTESTANTS, REFUSED = "arena_contestants", "arena_refused"
_DIALS = {"temperature": 0.0, "max_tokens": 120}


def prepare() -> None:
    """Give every widget that has no value yet its first one; three contestants stand there at first."""
    state = st.session_state
    if f"{PAGE}_temperature" not in state:
        set_dials(_DIALS, PAGE)
    if f"{PAGE}_find_mode" not in state:
        fill_retrieval(PAGE, DEFAULT_RETRIEVAL)
    option_draft.prepare(PAGE)
    for key, value in ((MODEL, get_settings().default_model), (TECHNIQUE, ""), (COLLECTION, ""), (SYSTEM, "")):
        state.setdefault(key, value)
    state.setdefault(CONTESTANTS, _first())


def contestants() -> tuple[Variant, ...]:
    """All that may meet."""
    found: tuple[Variant, ...] = st.session_state[CONTESTANTS]
    return found


def add() -> None:
    """What the widgets hold as a further contestant; what is refused says why."""
    st.session_state.pop(REFUSED, None)
    try:
        fresh = _variant()
    except LoupeError as error:
        st.session_state[REFUSED] = str(error)
        return
    if identity(fresh) in {identity(each) for each in contestants()}:
        st.session_state[REFUSED] = "A contestant has these settings already; change one."
    elif len(contestants()) >= MOST:
        st.session_state[REFUSED] = f"The arena takes {MOST} contestants; remove one first."
    else:
        st.session_state[CONTESTANTS] = (*contestants(), fresh)


def remove(contestant: str) -> None:
    """Take one out, by its identity; its votes stay."""
    st.session_state[CONTESTANTS] = tuple(each for each in contestants() if identity(each) != contestant)


def _variant() -> Variant:
    """What the widgets hold.

    Raises:
        LoupeError: a setting is out of range; one sentence.
    """
    state = st.session_state
    technique = state.get(TECHNIQUE) or None
    collection = None if technique else state.get(COLLECTION) or None
    system = (state.get(SYSTEM) or "").strip()
    options = option_draft.values(technique, PAGE) if technique else {}
    turns = [PromptMessage(role="system", content=system)] if system else []
    found = Variant.parse(
        name="contestant",
        model=state.get(MODEL) or get_settings().default_model,
        messages=(*turns, PromptMessage(role="user", content=f"{{{{{QUESTION}}}}}")),
        params=params(PAGE),
        technique=technique,
        technique_options=options,
        collection=collection,
        retrieval=retrieval(PAGE) if collection else None,
    )
    found.request({QUESTION: "?"})  # what the technique does not take is said now, and not when it is to meet somebody
    return found.model_copy(update={"name": name_of(found)})


def _first() -> tuple[Variant, ...]:
    """Three ways to ask the usual model."""
    asked = PromptMessage(role="user", content=f"{{{{{QUESTION}}}}}")
    brief = PromptMessage(role="system", content="Answer in one short sentence.")
    made = []
    for messages, temperature in (((asked,), 0.0), ((asked,), 1.0), ((brief, asked), 0.0)):
        sampling = {**_DIALS, "temperature": temperature}
        each = Variant.parse(name="x", model=get_settings().default_model, messages=messages, params=sampling)
        made.append(each.model_copy(update={"name": name_of(each)}))
    return tuple(made)
