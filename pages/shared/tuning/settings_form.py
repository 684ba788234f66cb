"""The settings of a run as a form: one widget a field, with the help that the field itself has."""

from __future__ import annotations

from typing import Any, get_args

import annotated_types
import streamlit as st
from pydantic.fields import FieldInfo

from core.tuning.methods import METHODS
from core.tuning.settings import COMMON, TuneSettings
from pages.shared.tuning import draft
from pages.shared.tuning.data_desk import held_out_desk

FIRST = ("learning_rate", "epochs", "batch_size", "max_length")
COLUMNS = 4
WORDS = {
    "max_steps": "Most updates",
    "accumulate": "Batches an update",
    "max_length": "Longest row (tokens)",
    "train_on": "Learn",
    "max_grad_norm": "Longest gradient",
    "evaluate_every": "Look every",
    "save_every": "Save every",
    "samples": "Sample answers",
    "compare_rows": "Rows to compare on",
    "dtype": "Precision",
    "checkpoint_activations": "Recompute activations",
    "processes": "Devices",
    "rank_stabilised": "Divide by √rank",
    "held_out": "Held-out share",
    "initial": "Start at",
    "initial_text": "Text to start at",
    "last_layers": "Last layers",
    "wording": "Wording of the question",
}
"""What a field is called where its name says too little."""


def settings_form() -> None:
    """Draw it."""
    method = METHODS[draft.chosen_method()]
    _widgets([*FIRST, *method.options])
    rest = [name for name in (*COMMON, "compare_rows", "wording") if name not in FIRST]
    different = [name for name in draft.changed() if name in rest]
    title = "More settings" + (f" ({len(different)} changed)" if different else "")
    with st.expander(title, type="compact", key="tune_more", on_change="rerun") as more:
        if more.open:
            _widgets(rest)
            held_out_desk()
    if draft.changed():
        st.button(
            f"Back to the preset of {method.title}",
            key="tune_preset",
            icon=":material/undo:",
            type="tertiary",
            on_click=draft.use_preset,
        )


def _widgets(names: list[str]) -> None:
    fields = {name: TuneSettings.model_fields[name] for name in names}
    switches = [name for name in names if fields[name].annotation is bool]
    columns = st.columns(COLUMNS)
    for place, name in enumerate(each for each in names if each not in switches):
        with columns[place % COLUMNS]:
            _widget(name, fields[name])
    if switches:
        with st.container(horizontal=True, gap="large"):
            for name in switches:
                _widget(name, fields[name])


def _widget(name: str, info: FieldInfo) -> None:
    label = WORDS.get(name, name.replace("_", " ").capitalize())
    shared: dict[str, Any] = {"key": draft.field(name), "help": info.description, "persist_state": "session"}
    low, high = _bounds(info)
    if info.annotation is bool:
        st.toggle(label, **shared)
    elif options := get_args(info.annotation):
        st.selectbox(label, options, **shared)
    elif info.annotation is int:
        st.number_input(label, int(low or 0), int(high) if high is not None else None, step=1, **shared)
    elif info.annotation is float:
        st.number_input(label, float(low or 0.0), high, step=_step(name), format="%.4g", **shared)
    else:
        st.text_input(label, **shared)


def _bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    low = high = None
    for each in info.metadata:
        if isinstance(each, annotated_types.Ge | annotated_types.Gt):
            low = float(getattr(each, "ge", None) or getattr(each, "gt", None) or 0)
        elif isinstance(each, annotated_types.Le | annotated_types.Lt):
            high = float(getattr(each, "le", None) or getattr(each, "lt", None) or 0)
    return low, high


def _step(name: str) -> float:
    return {"learning_rate": 1e-4, "epochs": 1.0, "alpha": 1.0, "max_grad_norm": 0.1}.get(name, 0.01)
