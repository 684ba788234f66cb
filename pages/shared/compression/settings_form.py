"""The settings of a method as a form: one widget a field of `CompressRequest`, with the field's own description."""

from __future__ import annotations

from typing import Any, get_args

import annotated_types
import streamlit as st

from core.compression import CompressRequest
from pages.shared.compression import draft
from pages.shared.compression.text_box import text_box

COLUMNS = 4
WORDS = {
    "bits": "Bits a weight",
    "calibrated": "Choose the rounding by a text (GPTQ)",
    "symmetric": "Symmetric grid",
    "compute_dtype": "Multiplied in",
    "structure": "What goes",
    "sparsity": "Share that goes",
    "criterion": "What counts least",
    "student": "Student",
    "layers": "Layers the student keeps",
    "keep": "Share of layers kept",
    "alpha": "Weight of soft labels",
    "hard_only": "On the text alone (the twin)",
    "samples": "Pieces of text",
    "sample_tokens": "Tokens of a piece",
    "calibration": "Calibration text",
}
"""What a field is called where its name says too little."""
EMPTY = {
    "compute_dtype": "fastest here",
    "group_size": "largest that fits",
    "student": "made of the model's layers",
    "layers": "evenly spaced",
}
"""What an empty box stands for."""
STEPS = {"learning_rate": 1e-5, "dampening": 0.005, "temperature": 0.5}


def settings_form() -> None:
    """Draw it."""
    names = draft.settings_in_use()
    fields = CompressRequest.model_fields
    switches = [name for name in names if fields[name].annotation is bool]
    columns = st.columns(COLUMNS)
    for place, name in enumerate(each for each in names if each not in switches and each != "calibration"):
        with columns[place % COLUMNS]:
            _widget(name)
    if switches:
        with st.container(horizontal=True, gap="large"):
            for name in switches:
                _widget(name)
    if "calibration" in names:
        label = "Training text" if draft.chosen_method() == "distill" else WORDS["calibration"]
        text_box(label, draft.field("calibration"), fields["calibration"].description)


def _widget(name: str) -> None:
    info = CompressRequest.model_fields[name]
    label = WORDS.get(name, name.replace("_", " ").capitalize())
    shared: dict[str, Any] = {"key": draft.field(name), "help": info.description, "persist_state": "session"}
    kinds = [each for each in get_args(info.annotation) if each is not type(None)]
    options = [option for each in kinds for option in get_args(each)] or [
        each for each in kinds if not isinstance(each, type)
    ]
    low, high = _bounds(name)
    if info.annotation is bool:
        st.toggle(label, **shared)
    elif options and name != "layers":
        if info.default is None:
            st.selectbox(label, options, index=None, placeholder=EMPTY[name], **shared)
        else:
            st.selectbox(label, options, **shared)
    elif info.annotation is int or (int in kinds and name != "layers"):
        st.number_input(label, int(low or 0), int(high or 2**53), step=1, placeholder=EMPTY.get(name), **shared)
    elif info.annotation is float:
        st.number_input(label, low, high, step=STEPS.get(name, 0.05), format="%.4g", **shared)
    else:
        st.text_input(label, placeholder=EMPTY.get(name), **shared)


def _bounds(name: str) -> tuple[float | None, float | None]:
    """Of the field; what lies on an open end is refused by the request, in words."""
    low = high = None
    for each in CompressRequest.model_fields[name].metadata:
        for kind, attribute in ((annotated_types.Ge, "ge"), (annotated_types.Gt, "gt")):
            if isinstance(each, kind):
                low = float(getattr(each, attribute))
        for kind, attribute in ((annotated_types.Le, "le"), (annotated_types.Lt, "lt")):
            if isinstance(each, kind):
                high = float(getattr(each, attribute))
    return low, high
