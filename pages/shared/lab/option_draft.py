"""What the widgets of a technique's options hold, for any page: as fields of a `TechniqueRequest`, and back.

A technique gets only the options it uses, so that a setting made for one does not spoil another. Starts nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.prompts import files
from core.settings import get_settings
from core.techniques import TECHNIQUES

PAGE = "lab"
"""Prefix of the lab's session keys; other pages have their own."""
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


def option(name: str, page: str = PAGE) -> str:
    """Session key of the widget for a field of `TechniqueRequest`."""
    return f"{page}_option_{name}"


def examples_key(page: str = PAGE) -> str:
    """Session key of the set of examples."""
    return f"{page}_examples"


def upload_key(page: str = PAGE) -> str:
    """Session key of the file of examples; a new key is an empty widget."""
    return f"{page}_upload_{st.session_state.get(f'{page}_upload', 0)}"


def prepare(page: str = PAGE) -> None:
    """Give every widget that has no value yet its first one."""
    for name, value in OPTIONS.items():
        st.session_state.setdefault(option(name, page), value)


def has(technique: str, name: str) -> bool:
    """Whether the technique has this option; every one can be worded and sent in another way."""
    return name in _ANY or name in TECHNIQUES[technique].options


def values(technique: str, page: str = PAGE) -> dict[str, Any]:
    """What is set for this technique; what is left to it is not there.

    Raises:
        InvalidInput: the uploaded examples cannot be kept.
    """
    found = {
        name: st.session_state.get(option(name, page), first) for name, first in OPTIONS.items() if has(technique, name)
    }
    if "examples" in TECHNIQUES[technique].options:
        found["examples"] = _examples(page)
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def fill(held: Mapping[str, Any], page: str = PAGE) -> None:
    """Put options into the widgets; what `held` lacks is left to the technique."""
    st.session_state[examples_key(page)] = held.get("examples") or ""
    counter = f"{page}_upload"
    st.session_state[counter] = st.session_state.get(counter, 0) + 1  # an uploaded file would come before these
    for name, first in OPTIONS.items():
        value = held.get(name)
        value = first if value is None else value
        st.session_state[option(name, page)] = list(value) if isinstance(value, tuple) else value


def _examples(page: str) -> str | None:
    """Name of the shipped examples, or the path of the uploaded file, kept by its content so that the run can name it.

    Raises:
        InvalidInput: it cannot be written.
    """
    upload = st.session_state.get(upload_key(page))
    if upload is None:
        return st.session_state.get(examples_key(page)) or None
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
