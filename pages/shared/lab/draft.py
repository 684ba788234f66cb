"""What the lab's widgets hold, as requests; and requests back into the widgets. Starts nothing.

A technique gets only the options it uses, so that a setting made for one does not spoil another.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.prompts import files
from core.settings import get_settings
from core.techniques import TECHNIQUES, TechniqueRequest
from pages.shared.session import MODEL, params, set_dials
from pages.shared.settings_panel import ESSENTIALS, PENALTIES, TRUNCATION

PAGE = "lab"
"""Prefix of the session keys of the lab's sampling dials."""
MODE, QUESTION, EXPECTED, SYSTEM = "lab_mode", "lab_question", "lab_expected", "lab_system"
ONE_TECHNIQUE, MODELS = "lab_technique", "lab_models"
EXAMPLES, _UPLOAD = "lab_examples", "lab_upload"
DEFAULT_TICKS = ("zero-shot", "zero-shot-cot", "pal")
DEFAULT_DIALS = {"temperature": 0.0, "max_tokens": 256}
OPTIONS: dict[str, Any] = {
    "shots": None,
    "choose": "fixed",
    "order": "file",
    "samples": None,
    "max_steps": None,
    "tools": [],
    "collection": "",
    "extract": "",
    "prompt": "",
    "mode": "",
}
"""Fields of `TechniqueRequest` with a widget in the sidebar, and its first value; empty: as the technique has it."""
_ANY = ("prompt", "mode")
"""Those that every technique has."""
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


def option(name: str) -> str:
    """Session key of the widget for a field of `TechniqueRequest`."""
    return f"lab_option_{name}"


def upload_key() -> str:
    """Session key of the file of examples; a new key is an empty widget."""
    return f"{_UPLOAD}_{st.session_state.get(_UPLOAD, 0)}"


def prepare() -> None:
    """Give every widget that has no value yet its first one."""
    if f"{PAGE}_temperature" not in st.session_state:
        set_dials(DEFAULT_DIALS, PAGE)
    first = {
        MODE: _MODES[0],
        MODEL: get_settings().default_model,
        ONE_TECHNIQUE: DEFAULT_TICKS[0],
        **{tick(name): name in DEFAULT_TICKS for name in TECHNIQUES},
        **{option(name): value for name, value in OPTIONS.items()},
    }
    for key, value in first.items():
        st.session_state.setdefault(key, value)


def ticked() -> list[str]:
    """Names of the techniques that are to answer, in the order of the registry."""
    if st.session_state[MODE] == "models":
        return [st.session_state[ONE_TECHNIQUE]]
    return [name for name in TECHNIQUES if st.session_state.get(tick(name))]


def uses(name: str) -> bool:
    """Whether a ticked technique has this option."""
    return any(name in TECHNIQUES[each].options for each in ticked())


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
    examples = next((each.examples for each in requests if each.examples), None)
    st.session_state[EXAMPLES] = examples or ""
    st.session_state[_UPLOAD] = st.session_state.get(_UPLOAD, 0) + 1  # an uploaded file would come before these
    for name in OPTIONS:
        users = [each for each in requests if _has(each.technique, name)]
        value = getattr(users[0], name) if users else None
        value = OPTIONS[name] if value is None else value
        st.session_state[option(name)] = list(value) if isinstance(value, tuple) else value


def _has(technique: str, name: str) -> bool:
    """Whether the technique has this option; every one can be worded and sent in another way."""
    return name in _ANY or name in TECHNIQUES[technique].options


def _options(technique: str) -> dict[str, Any]:
    values = {
        name: st.session_state.get(option(name), first) for name, first in OPTIONS.items() if _has(technique, name)
    }
    if len(ticked()) > 1:  # a wording is one technique's
        del values["prompt"]
    if "examples" in TECHNIQUES[technique].options:
        values["examples"] = _examples()
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _examples() -> str | None:
    """Name of the shipped examples, or the path of the uploaded file, kept by its content so that the run can name it.

    Raises:
        InvalidInput: it cannot be written.
    """
    upload = st.session_state.get(upload_key())
    if upload is None:
        return st.session_state.get(EXAMPLES) or None
    content = upload.getvalue()
    folder = get_settings().home.expanduser() / "examples"
    path: Path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():  # a run may be reading it
            files.replace(path, content)
    except OSError as error:
        raise InvalidInput(f"The examples cannot be kept in {folder}: {error.strerror}.", "examples") from None
    return str(path)
