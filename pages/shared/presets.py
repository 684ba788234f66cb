"""Presets in the sidebar: take one, or save the dials as one's own. The files are core's."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.generation.params import SamplingParams
from core.prompts.presets import Preset, delete_preset, list_presets, load_preset, save_preset
from pages.shared.session import ERROR, PRESET, SYSTEM, dial, params, set_dials
from pages.shared.text import plain

DEFAULT = "balanced"
PRESET_ERROR = "play_preset_error"
_TASKS_OWN = ("max_tokens", "min_tokens", "stop", "seed", "n")
"""What belongs to the task at hand rather than to a style: a preset changes it only when it says so."""


def preset_picker() -> None:
    """Draw the select box, and the popover to save and delete."""
    found, problems = list_presets()
    names = [preset.name for preset in found]
    if dial("temperature") not in st.session_state:
        set_dials({})
        if DEFAULT in names:
            _take(DEFAULT)
    if st.session_state.get(PRESET) not in names:
        st.session_state[PRESET] = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Preset",
            names,
            key=PRESET,
            index=None,
            placeholder="custom",
            on_change=_chosen,
            help="\n".join(f"- **{preset.name}**: {preset.description}" for preset in found if preset.shipped),
            persist_state="session",
        )
        with st.popover("Save", key="play_preset_open", help="Save these settings as a preset, or delete one"):
            _manage([preset.name for preset in found if not preset.shipped])
    for problem in problems:
        st.warning(plain(problem))


def _chosen() -> None:
    if name := st.session_state.get(PRESET):
        try:
            _take(name)
        except LoupeError as error:
            st.session_state[ERROR] = str(error)


def _take(name: str) -> None:
    preset = load_preset(name)
    kept = {each: getattr(params(), each) for each in _TASKS_OWN}
    set_dials({**kept, **preset.params})
    if preset.system is not None:
        st.session_state[SYSTEM] = preset.system
    st.session_state[PRESET] = name


def _manage(own: list[str]) -> None:
    st.text_input("Name", key="play_preset_name", placeholder="my preset", max_chars=60)
    st.button("Save settings and system prompt", key="play_preset_save", type="primary", on_click=_save)
    if own:
        st.selectbox("Your presets", own, key="play_preset_old")
        st.button("Delete", key="play_preset_delete", icon=":material/delete:", on_click=_delete)
    if error := st.session_state.pop(PRESET_ERROR, None):
        st.error(plain(error))


def _save() -> None:
    name = st.session_state["play_preset_name"].strip()
    try:
        neutral, now = SamplingParams(), params()
        values = {
            field: value
            for field, value in now.model_dump(mode="json").items()
            if field not in ("seed", "n") and getattr(now, field) != getattr(neutral, field)
        }
        # the preset that is chosen may be saved again; any other of this name is somebody's work
        known = load_preset(name).digest if name and name == st.session_state.get(PRESET) else ""
        save_preset(Preset(name=name, params=values, system=st.session_state.get(SYSTEM) or None, digest=known))
    except LoupeError as error:
        st.session_state[PRESET_ERROR] = str(error)
        return
    st.session_state[PRESET] = name


def _delete() -> None:
    try:
        delete_preset(st.session_state["play_preset_old"])
    except LoupeError as error:
        st.session_state[PRESET_ERROR] = str(error)
