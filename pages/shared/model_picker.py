"""Choosing a model: the registry's models, or any reference typed in. Loads nothing; tells what is known beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import streamlit as st

from core.errors import LoupeError
from core.models.capabilities import Capabilities
from core.models.loaders import capabilities_of
from core.models.pool import PoolEntry, get_pool
from core.models.reference import parse_ref
from core.models.registry import ModelInfo, list_models
from core.settings import get_settings
from pages.shared.session import MODEL
from pages.shared.text import magnitude, plain

MOST_MODELS = 8
"""Most models to choose at once."""


def model_picker(key: str = MODEL) -> Capabilities | None:
    """Draw the select box and a line about the model.

    Args:
        key: session key of the reference.

    Returns:
        What the chosen model can do, `None` when the reference is not one.
    """
    known = {info.ref: info for info in _models()}
    labels = _labels(known.values())
    if key not in st.session_state:
        st.session_state[key] = get_settings().default_model
    current = st.session_state[key]
    refs = [*known] if current in known else [current, *known]
    ref = st.selectbox(
        "Model",
        refs,
        key=key,
        format_func=lambda each: labels.get(each, each),
        accept_new_options=True,
        help="A model of the Models page, or any reference: `smollm2`, `hf:ORG/NAME`, `path:FOLDER`, `gguf:FILE`, "
        "`api:ENDPOINT/NAME`; `?dtype=bf16` says how to load it.",
        persist_state="session",
    )
    ref = ref or current
    info = known.get(ref)
    if info:
        st.caption(_about(info))
    try:
        return capabilities_of(parse_ref(ref))
    except LoupeError as error:
        st.error(plain(str(error)))
        return None


def models_picker(key: str) -> list[str]:
    """Draw a box for several models, or references typed in; the references that are chosen."""
    labels = _labels(_models())
    chosen = st.session_state.setdefault(key, [get_settings().default_model])
    return st.multiselect(
        "Models",
        list(dict.fromkeys([*labels, *chosen])),
        key=key,
        format_func=lambda each: labels.get(each, each),
        accept_new_options=True,
        max_selections=MOST_MODELS,
        placeholder="Choose models, or type a reference",
        persist_state="session",
    )


def known_models() -> list[str]:
    """References of the registry's models."""
    return [info.ref for info in _models()]


@st.cache_data(ttl=5, max_entries=1, show_spinner=False)
def _models() -> list[ModelInfo]:
    return list_models()


def state_of(ref: str) -> PoolEntry | None:
    """What the pool knows of the model, `None` when it has never been asked for it."""
    return next((entry for entry in get_pool().status() if entry.ref == ref), None)


def is_loaded(ref: str) -> bool:
    """Whether the model is in memory, ready to generate."""
    entry = state_of(ref)
    return entry is not None and entry.state == "ready"


def _labels(models: Collection[ModelInfo]) -> dict[str, str]:
    """What each model is called, by reference; the browser sends the label back, so no two may be the same."""
    count = Counter(info.name for info in models)
    return {info.ref: info.name if count[info.name] == 1 else info.ref for info in models}


def _about(info: ModelInfo) -> str:
    parts = []
    if info.parameters:
        parts.append(f"{magnitude(info.parameters)} parameters")
    if info.context_length:
        parts.append(f"context {info.context_length:,}")
    parts.append("loaded" if is_loaded(info.ref) else "loads on first use")
    return " · ".join(parts)
