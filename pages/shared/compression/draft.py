"""The compression that is being set up on the page Compress: what its widgets hold, as a `CompressRequest`.

Settings are kept by field and shared by the methods that read them. Knows nothing of drawing.
"""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from core.compression import NAMES, CompressRequest, being_made, find_method
from core.compression.idle import idle
from core.compression.methods.base import CALIBRATION
from core.compression.source import refuse_existing
from core.errors import LoupeError
from core.settings import get_settings

MODEL, METHOD, NAME = "compress_model", "compress_method", "compress_name"
FIELDS = CompressRequest.model_fields
SETTINGS = tuple(name for name in FIELDS if name not in ("method", "model", "name"))
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


def field(name: str) -> str:
    """Session key of the widget of a setting."""
    return f"compress_set_{name}"


def prepare() -> None:
    """Fill in what no widget has set yet."""
    st.session_state.setdefault(MODEL, get_settings().default_model)
    st.session_state.setdefault(METHOD, "int8")
    for name in SETTINGS:
        st.session_state.setdefault(field(name), _shown(FIELDS[name].default))


def chosen_method() -> str:
    """The method's name; the first one when the control is empty."""
    found = st.session_state.get(METHOD)
    return found if found in NAMES else NAMES[0]


def value(name: str) -> Any:
    """What the widget of a setting holds."""
    return st.session_state.get(field(name), _shown(FIELDS[name].default))


def settings_in_use() -> list[str]:
    """Settings of the method that have an effect, the others being what they are; those of the text come last."""
    method = chosen_method()
    unused = idle(method, value)
    return sorted(
        (name for name in find_method(method).options if name not in unused), key=lambda name: name in CALIBRATION
    )


def request() -> CompressRequest:
    """What the widgets say.

    Raises:
        InvalidInput: a value is wrong; one sentence.
    """
    used = {name: _parsed(name, value(name)) for name in settings_in_use()}
    name = str(st.session_state.get(NAME) or "").strip() or suggested_name()
    return CompressRequest.parse(method=chosen_method(), model=str(st.session_state[MODEL]).strip(), name=name, **used)


def suggested_name(stem: str = "") -> str:
    """A name for the result that nothing has yet: `smollm2-nf4-2`."""
    if not stem:
        model = str(st.session_state[MODEL]).partition("?")[0].rstrip("/")
        tail = model.rpartition("/")[2].rpartition(":")[2].partition("@")[0]
        stem = f"{_STRANGE.sub('-', tail).strip('-._')[:40] or 'model'}-{chosen_method()}"
    taken = being_made()
    for number in range(1, 1000):
        name = stem if number == 1 else f"{stem}-{number}"
        try:
            refuse_existing(name, file=False)
        except LoupeError:
            continue
        if name not in taken:
            return name
    return stem


def adopt(model: str, method: str, **settings: Any) -> None:
    """Set up a compression: these settings, the others at their defaults, under a new name."""
    st.session_state[MODEL], st.session_state[METHOD] = model, method
    for name in SETTINGS:
        st.session_state[field(name)] = _shown(settings.get(name, FIELDS[name].default))
    st.session_state[NAME] = ""


def _shown(default: Any) -> Any:
    """A value as its widget holds it."""
    return ",".join(map(str, default)) if isinstance(default, (tuple, list)) else default


def _parsed(name: str, held: Any) -> Any:
    if held is None and FIELDS[name].default is not None and not isinstance(FIELDS[name].default, str):
        return FIELDS[name].default  # a number's box that was emptied
    return held
