"""The form's assertions: a line each, with what its type needs and when it passes."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions import ASSERTIONS, check_known
from core.generation.params import invalid

SLOTS = "evals_asserts"
MOST = 12
STRUCTURED = ("anything", "texts", "references", "schema", "count", "elements")
"""What a type needs where its value may be a list or a mapping."""
FIRST: dict[str, Any] = {
    "type": "icontains",
    "value": "{{expected}}",
    "negated": False,
    "threshold": None,
    "weight": 1.0,
}


def field(slot: int, name: str) -> str:
    """Session key of one widget."""
    return f"evals_assert{slot}_{name}"


def assertion_rows() -> tuple[Assertion, ...]:
    """Draw them; what they add up to.

    Raises:
        InvalidInput: a value is missing or malformed; one sentence that names the assertion.
    """
    slots: tuple[int, ...] = st.session_state.setdefault(SLOTS, (0,))
    for slot in slots:
        _prepare(slot)
        _row(slot)
    st.button(
        "Add an assertion",
        icon=":material/add:",
        key="evals_assert_add",
        disabled=len(slots) >= MOST,
        on_click=_add,
        type="tertiary",
    )
    found = tuple(_assertion(slot) for slot in slots)
    check_known(found)
    return found


def _row(slot: int) -> None:
    kind = ASSERTIONS[st.session_state[field(slot, "type")]]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.checkbox("not", key=field(slot, "negated"), width="content", persist_state="session")
        st.selectbox(
            "Assertion",
            list(ASSERTIONS),
            key=field(slot, "type"),
            help="\n".join(f"- **{each.name}**: {each.what}" for each in ASSERTIONS.values()),
            width=200,
            persist_state="session",
        )
        st.text_input(
            "Value",
            key=field(slot, "value"),
            placeholder="the row's expected" if kind.expects else "",
            help="Text may hold {{variables}} of the row. Lists and mappings are written as JSON.",
            persist_state="session",
        )
        st.number_input(
            "Threshold",
            value=None,
            key=field(slot, "threshold"),
            placeholder=f"{kind.usual:g}" if kind.usual is not None else "none",
            disabled=kind.threshold is None and kind.usual is None,
            width=110,
            persist_state="session",
        )
        st.number_input(
            "Weight",
            0.0,
            key=field(slot, "weight"),
            step=1.0,
            format="%g",
            help="Its share in a cell's score; with 0 it is measured only.",
            width=110,
            persist_state="session",
        )
        st.button(
            ":material/close:",
            key=field(slot, "remove"),
            help="Remove this assertion",
            on_click=_remove,
            args=(slot,),
            type="tertiary",
        )
    st.caption(kind.what)


def _assertion(slot: int) -> Assertion:
    from pydantic import ValidationError

    held = {name: st.session_state.get(field(slot, name), first) for name, first in FIRST.items()}
    value = str(held.pop("value") or "").strip()
    kind = ASSERTIONS[str(held["type"])]
    if kind.threshold is None and kind.usual is None:
        held["threshold"] = None
    try:
        return Assertion(value=_value(value) if kind.needs in STRUCTURED else value or None, **held)
    except ValidationError as error:
        raise invalid(error, "fields of an assertion") from None


def _value(text: str) -> Any:
    """The text itself, or the list or mapping that it is as JSON."""
    if not text:
        return None
    if text[0] in "[{" and not text.startswith("{{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidInput(f"The value {text[:60]!r} begins like JSON and is none; correct it.", "value") from None
    return text


def _prepare(slot: int) -> None:
    for name, value in FIRST.items():
        st.session_state.setdefault(field(slot, name), value)
    if st.session_state[field(slot, "type")] not in ASSERTIONS:
        st.session_state[field(slot, "type")] = FIRST["type"]


def _add() -> None:
    slots = st.session_state[SLOTS]
    free = next(slot for slot in range(MOST) if slot not in slots)
    for name in FIRST:
        st.session_state.pop(field(free, name), None)
    st.session_state[SLOTS] = (*slots, free)


def _remove(slot: int) -> None:
    st.session_state[SLOTS] = tuple(each for each in st.session_state[SLOTS] if each != slot)
