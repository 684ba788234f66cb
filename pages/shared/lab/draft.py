"""What the lab's widgets hold, as requests; and requests back into the widgets. Starts nothing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.settings import get_settings
from core.techniques import TECHNIQUES, TechniqueRequest
from pages.shared.lab import option_draft
from pages.shared.lab.option_draft import OPTIONS, PAGE, examples_key, has
from pages.shared.session import MODEL, params, set_dials
from pages.shared.settings_panel import ESSENTIALS, PENALTIES, TRUNCATION

MODE, QUESTION, EXPECTED, SYSTEM = "lab_mode", "lab_question", "lab_expected", "lab_system"
ONE_TECHNIQUE, MODELS = "lab_technique", "lab_models"
EXAMPLES = examples_key()
DEFAULT_TICKS = ("zero-shot", "zero-shot-cot", "pal")
DEFAULT_DIALS = {"temperature": 0.0, "max_tokens": 256}
_MODES = ("techniques", "models")
_USER = "lab_user"
"""Who this browser is to the sandbox; drawn at random, since there are no accounts."""
_DIALS = {"seed", *(each.name for each in (*ESSENTIALS, *TRUNCATION, *PENALTIES))}
"""Sampling settings with a widget here; what nobody could see is not taken over from a run."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One way to answer the question, not yet checked."""

    title: str
    values: dict[str, Any]

    def request(self) -> TechniqueRequest:
        """The checked request.

        Raises:
            InvalidInput: a value is missing, malformed or out of range.
        """
        return TechniqueRequest.parse(**self.values)


def tick(technique: str) -> str:
    """Session key of a technique's tick."""
    return f"lab_tick_{technique}"


def prepare() -> None:
    """Give every widget that has no value yet its first one."""
    if f"{PAGE}_temperature" not in st.session_state:
        set_dials(DEFAULT_DIALS, PAGE)
    first = {
        MODE: _MODES[0],
        MODEL: get_settings().default_model,
        ONE_TECHNIQUE: DEFAULT_TICKS[0],
        **{tick(name): name in DEFAULT_TICKS for name in TECHNIQUES},
    }
    for key, value in first.items():
        st.session_state.setdefault(key, value)
    option_draft.prepare()


def ticked() -> list[str]:
    """Names of the techniques that are to answer, in the order of the registry."""
    if st.session_state[MODE] == "models":
        return [st.session_state[ONE_TECHNIQUE]]
    return [name for name in TECHNIQUES if st.session_state.get(tick(name))]


def wanted() -> list[Draft]:
    """What is to be run: a draft for every column.

    Raises:
        InvalidInput: a sampling setting is out of range, or the uploaded examples cannot be kept.
    """
    shared = {
        "question": st.session_state.get(QUESTION, ""),
        "system": st.session_state.get(SYSTEM, "").strip() or None,
        "params": params(PAGE),
        "expected": st.session_state.get(EXPECTED, "").strip() or None,
        "user": st.session_state.setdefault(_USER, secrets.token_hex(8)),
    }
    several = st.session_state[MODE] == "models"
    models = st.session_state.get(MODELS, []) if several else [st.session_state[MODEL]]
    return [
        Draft(
            model if several else TECHNIQUES[name].title,
            {**shared, "technique": name, "model": model, **_options(name)},
        )
        for model in models
        for name in ticked()
    ]


def expected(request: TechniqueRequest) -> str:
    """The right answer to a run's question, "" when nobody said; one typed later counts while the question is shown."""
    if st.session_state.get(QUESTION) == request.question:
        return str(st.session_state.get(EXPECTED, ""))
    return request.expected or ""


def adopt(requests: Sequence[TechniqueRequest]) -> None:
    """Put the question, techniques, models and settings of runs that are shown into the widgets."""
    first = requests[0]
    names, models = {each.technique for each in requests}, list(dict.fromkeys(each.model for each in requests))
    st.session_state[MODE] = _MODES[len(models) > 1]
    st.session_state[QUESTION] = first.question
    st.session_state[EXPECTED] = first.expected or ""
    st.session_state[SYSTEM] = first.system or ""
    st.session_state[MODEL] = first.model
    st.session_state[MODELS] = models
    st.session_state[ONE_TECHNIQUE] = first.technique
    for name in TECHNIQUES:
        st.session_state[tick(name)] = name in names
    dials = first.params.model_dump()
    set_dials({name: value for name, value in dials.items() if name in _DIALS}, PAGE)
    held: dict[str, Any] = {"examples": next((each.examples for each in requests if each.examples), None)}
    for name in OPTIONS:
        users = [each for each in requests if has(each.technique, name)]
        held[name] = getattr(users[0], name) if users else None
    option_draft.fill(held)


def _options(technique: str) -> dict[str, Any]:
    values = option_draft.values(technique)
    if len(ticked()) > 1:  # a wording is one technique's
        values.pop("prompt", None)
    return values
