"""The run that is being set up on the page Fine-tune: what its widgets hold, as a `TuneRequest`.

Settings are kept by field; choosing a method puts its preset into them. Drafts live in the session. Knows nothing of
drawing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import InvalidInput, LoupeError
from core.settings import get_settings
from core.tuning import places
from core.tuning.data import detect, formats
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest
from core.tuning.settings import TuneSettings

MODEL, METHOD, NAME, DATA, EVAL_DATA = "tune_model", "tune_method", "tune_name", "tune_data", "tune_eval_data"
SOURCE, PATH, FORMAT, SKIP = "tune_source", "tune_path", "tune_format", "tune_skip_broken"
EXAMPLE = Path(__file__).parents[3] / "prompts" / "tuning" / "support-tickets.jsonl"
_READY = "tune_ready"
_WORDS = re.compile(r"[^A-Za-z0-9]+")


def field(name: str) -> str:
    """Session key of the widget of a setting."""
    return f"tune_set_{name}"


def column(role: str) -> str:
    """Session key of the widget that says which column is read as `role`."""
    return f"tune_column_{role}"


def columns() -> dict[str, str]:
    """Columns that were named, by what they are read as; of the chosen format alone."""
    chosen = st.session_state.get(FORMAT)
    roles = formats.FORMATS[chosen].ROLES if chosen in formats.FORMATS else {}
    return {role: found for role in roles if (found := st.session_state.get(column(role)))}


def prepare() -> None:
    """Fill in what no widget has set yet."""
    st.session_state.setdefault(MODEL, get_settings().default_model)
    st.session_state.setdefault(METHOD, "lora")
    st.session_state.setdefault(DATA, "")
    st.session_state.setdefault(EVAL_DATA, "")
    if not st.session_state.get(_READY):
        st.session_state[_READY] = True
        use_preset()
    for name, value in _preset(chosen_method()).items():  # widgets that were not drawn for a while
        st.session_state.setdefault(field(name), value)


def chosen_method() -> str:
    """The method's name; the first one when the control is empty."""
    found = st.session_state.get(METHOD)
    return found if found in METHODS else "lora"


def use_preset() -> None:
    """Put the method's preset into every setting; a callback of the method's control."""
    for name, value in _preset(chosen_method()).items():
        st.session_state[field(name)] = value
    st.session_state.pop(NAME, None)


def changed() -> list[str]:
    """Settings that differ from the method's preset."""
    preset = _preset(chosen_method())
    return [name for name, value in preset.items() if st.session_state.get(field(name), value) != value]


def use_data(path: str) -> None:
    """Choose a file; the name of the result follows it."""
    st.session_state[DATA] = path
    st.session_state.pop(NAME, None)
    st.session_state[FORMAT] = None
    st.session_state[SKIP] = False
    for role in {role for each in formats.FORMATS.values() for role in each.ROLES}:
        st.session_state[column(role)] = None


def use_example() -> None:
    """The bundled rows, with settings that come to an end in minutes."""
    use_data(str(EXAMPLE))


def suggested_name() -> str:
    """A name for the result that nothing has yet: `support-tickets-lora-2`."""
    stem = _WORDS.sub("-", Path(st.session_state[DATA]).stem).strip("-").lower()[:40] or "tuned"
    for number in range(1, 1000):
        name = f"{stem}-{chosen_method()}" + (f"-{number}" if number > 1 else "")
        try:
            places.result_folder(_request(name))
        except LoupeError:
            continue
        return name
    return f"{stem}-{chosen_method()}"


def request() -> TuneRequest:
    """What the widgets say.

    Raises:
        InvalidInput: there is no data yet, or a value is out of range; one sentence.
    """
    if not st.session_state.get(DATA):
        raise InvalidInput("Choose rows to train on.", "data")
    return _request(str(st.session_state.get(NAME) or suggested_name()))


def adopt(made: TuneRequest) -> None:
    """Put a run's request into the widgets, under a new name."""
    st.session_state[MODEL], st.session_state[METHOD] = made.model, made.method
    use_data(made.data)
    st.session_state[SOURCE] = "example" if Path(made.data) == EXAMPLE else "path"
    st.session_state[PATH] = made.data
    st.session_state[EVAL_DATA], st.session_state[FORMAT] = made.eval_data, made.format
    st.session_state[SKIP] = made.skip_broken
    if made.columns and made.format is None:
        st.session_state[FORMAT] = detect(Path(made.data), made.columns)[0]
    for role, name in made.columns.items():
        st.session_state[column(role)] = name
    for name, value in made.settings.model_dump().items():
        st.session_state[field(name)] = value
    st.session_state[_READY] = True


def _request(name: str) -> TuneRequest:
    settings: dict[str, Any] = {}
    for each in TuneSettings.model_fields:
        if (value := st.session_state.get(field(each))) is not None:
            settings[each] = value
    return TuneRequest.parse(
        method=chosen_method(),
        model=str(st.session_state[MODEL]).strip(),
        data=str(st.session_state[DATA]),
        eval_data=str(st.session_state.get(EVAL_DATA) or ""),
        format=st.session_state.get(FORMAT) or None,
        columns=columns(),
        skip_broken=bool(st.session_state.get(SKIP)),
        name=name,
        settings=settings,
    )


def _preset(method: str) -> dict[str, Any]:
    return TuneSettings(**METHODS[method].preset).model_dump()
