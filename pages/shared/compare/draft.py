"""What the widgets of Compare hold: columns in order, each as a variant, and back into widgets. Starts nothing.

Every column has a slot, from which the session keys of its widgets are made, so that a column that is removed or moved
changes no other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.documents.answering.refusal import DEFAULT_RETRIEVAL
from core.errors import InvalidInput, LoupeError
from core.evals.compare.columns import MOST
from core.evals.variant import Variant
from core.prompts import library
from core.prompts.file import PromptMessage
from core.settings import get_settings
from core.techniques import TechniqueRequest
from pages.shared.documents.retrieval_panel import fill_retrieval, retrieval
from pages.shared.lab import option_draft
from pages.shared.session import params, set_dials

COLUMNS, EDITED = "compare_columns", "compare_edited"
LEFT, RIGHT = "compare_left", "compare_right"
"""The two columns of which the page shows where they part."""
PROMPT, EACH = "compare_prompt", "compare_prompts"
ONE_BOX, OWN_BOXES = "one", "each"
DEFAULT_DIALS = {"temperature": 0.0, "max_tokens": 160}
LETTERS = "ABCDEF"
_FIELDS = ("model", "technique", "collection", "system", "library", "prompt", "mode", "earlier")


def page_of(slot: int) -> str:
    """Prefix of the session keys of a column's widgets."""
    return f"compare{slot}"


def field(slot: int, name: str) -> str:
    """Session key of one widget of a column, beside its dials and options."""
    return f"{page_of(slot)}_{name}"


def value_key(name: str) -> str:
    """Session key of the box for a variable of the prompts."""
    return f"compare_value_{name}"


def prepare() -> None:
    """Give every widget that has no value yet its first one; two columns stand there at first."""
    st.session_state.setdefault(COLUMNS, (0, 1))
    st.session_state.setdefault(EACH, ONE_BOX)
    st.session_state.setdefault(PROMPT, "")
    for slot in slots():
        _prepare(slot)
    if st.session_state.get(EDITED) not in slots():
        st.session_state[EDITED] = slots()[0]


def slots() -> tuple[int, ...]:
    """The columns from left to right."""
    found: tuple[int, ...] = st.session_state[COLUMNS]
    return found


def letter(slot: int) -> str:
    """What a column is called by its place."""
    return LETTERS[slots().index(slot)]


def letters() -> dict[int, str]:
    """What every slot is called; of one without a column its number, for a browser that is a click behind."""
    return {slot: LETTERS[slots().index(slot)] if slot in slots() else str(slot) for slot in range(MOST)}


def add(like: int | None = None) -> int | None:
    """A further column at the end, or beside the one it is `like`; its slot, `None` when there are six."""
    free = [slot for slot in range(MOST) if slot not in slots()]
    if not free:
        return None
    order = list(slots())
    place = len(order) if like is None else order.index(like) + 1
    order.insert(place, free[0])
    st.session_state[COLUMNS] = tuple(order)
    _copy(slots()[0] if like is None else like, free[0])
    _relabel()
    st.session_state[EDITED] = free[0]
    return free[0]


def remove(slot: int) -> None:
    """Take a column away; the last one stays."""
    order = tuple(each for each in slots() if each != slot)
    if order:
        st.session_state[COLUMNS] = order
        _relabel()


def messages(slot: int) -> tuple[PromptMessage, ...]:
    """The prompt of a column, with its variables.

    Raises:
        LoupeError: its prompt of the library is gone.
    """
    state = st.session_state
    if name := state.get(field(slot, "library")):
        return library.load(name).prompt.messages
    system = (state.get(field(slot, "system")) or "").strip()
    own = state.get(EACH) == OWN_BOXES
    text = (state.get(field(slot, "prompt")) if own else state.get(PROMPT)) or ""
    turns = [PromptMessage(role="system", content=system)] if system else []
    return (*turns, *(state.get(field(slot, "earlier")) or ()), PromptMessage(role="user", content=text))


def variant(slot: int) -> Variant:
    """The column as a variant, named by its letter.

    Raises:
        LoupeError: a setting is out of range, or its prompt of the library is gone; one sentence.
    """
    state, page = st.session_state, page_of(slot)
    technique = state.get(field(slot, "technique")) or None
    collection = None if technique else state.get(field(slot, "collection")) or None
    mode = state.get(field(slot, "mode")) or None
    held = option_draft.values(technique, page) if technique else {}
    known = TechniqueRequest.model_fields
    options = {name: value for name, value in held.items() if value != known[name].default}
    if technique and mode:
        options["mode"] = mode
    prompt = messages(slot)
    if mode == "completion" and not technique and len(prompt) > 1:
        raise InvalidInput(
            f"Column {letter(slot)} is sent as a completion, which is one text: clear its system prompt, or send it as "
            "a chat.",
            "mode",
        )
    return Variant.parse(
        name=letter(slot),
        model=state.get(field(slot, "model")) or get_settings().default_model,
        messages=prompt,
        prompt_name=state.get(field(slot, "library")) or "",
        mode=None if technique or collection else mode,
        params=params(page),
        technique=technique,
        technique_options=options,
        collection=collection,
        retrieval=retrieval(page) if collection else None,
    )


def variables() -> tuple[str, ...]:
    """Names of the variables of all columns' prompts, in order of first use."""
    found: dict[str, None] = {}
    for slot in slots():
        try:
            found |= dict.fromkeys(variant(slot).variables)
        except LoupeError:  # the column itself says what is wrong with it
            continue
    return tuple(found)


def values() -> dict[str, str]:
    """What stands in the boxes of the variables."""
    return {name: str(st.session_state.get(value_key(name)) or "") for name in variables()}


def show(variants: Sequence[Variant]) -> None:
    """Put variants into the widgets, one a column; the prompt into one box where all have the same."""
    st.session_state[COLUMNS] = tuple(range(len(variants)))
    asked = {_text(each) for each in variants if not each.prompt_name}
    st.session_state[EACH] = ONE_BOX if len(asked) <= 1 else OWN_BOXES
    if len(asked) == 1:
        st.session_state[PROMPT] = next(iter(asked))
    for slot, each in enumerate(variants):
        fill(slot, each)
    st.session_state[EDITED] = 0


def fill(slot: int, held: Variant) -> None:
    """Put one variant into a column's widgets."""
    page = page_of(slot)
    options = dict(held.technique_options)
    mode = options.pop("mode", None) if held.technique else held.mode
    system = next((each.content for each in held.messages if each.role == "system"), "")
    turns = tuple(each for each in held.messages if each.role != "system")
    values: dict[str, Any] = {
        "model": held.model,
        "technique": held.technique or "",
        "collection": held.collection or "",
        "system": system,
        "library": held.prompt_name,
        "prompt": _text(held),
        "mode": mode or "",
        "earlier": turns[:-1],
    }
    for name in _FIELDS:
        st.session_state[field(slot, name)] = values[name]
    set_dials(held.params.model_dump(), page)
    option_draft.fill(options, page)
    fill_retrieval(page, held.retrieval or DEFAULT_RETRIEVAL)


def _text(held: Variant) -> str:
    return next((each.content for each in reversed(held.messages) if each.role == "user"), "")


def _relabel() -> None:
    """Tell the browser anew what is chosen: it sends letters back, and a column's letter has changed."""
    for key in (EDITED, LEFT, RIGHT):
        if st.session_state.get(key) in slots():
            st.session_state[key] = st.session_state[key]
        else:
            st.session_state.pop(key, None)


def _prepare(slot: int) -> None:
    page = page_of(slot)
    if f"{page}_temperature" not in st.session_state:
        set_dials(DEFAULT_DIALS, page)
    if f"{page}_find_mode" not in st.session_state:
        fill_retrieval(page, DEFAULT_RETRIEVAL)
    option_draft.prepare(page)
    for name in _FIELDS:
        first: Any = get_settings().default_model if name == "model" else () if name == "earlier" else ""
        st.session_state.setdefault(field(slot, name), first)


def _copy(source: int, target: int) -> None:
    """Every setting of one column as another's; an uploaded file stays where it was put."""
    prefix = page_of(source)
    for key in [str(key) for key in st.session_state if str(key).startswith(f"{prefix}_")]:
        name = key.removeprefix(f"{prefix}_")
        if not name.startswith("upload"):
            st.session_state[f"{page_of(target)}_{name}"] = st.session_state[key]
