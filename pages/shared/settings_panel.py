"""The sampling dials, grouped as people reach for them, with the help text and the limits of `SamplingParams` itself.

What the chosen model cannot do is disabled and says why. Knows nothing of runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from core.generation.params import SamplingParams
from core.models.capabilities import SAMPLERS, Capabilities
from pages.shared.session import dial, set_dials
from pages.shared.text import plain


@dataclass(frozen=True, slots=True)
class Dial:
    """One widget; `low`, `high` and `step` are what is comfortable to drag, the field itself may allow more."""

    name: str
    label: str
    kind: Literal["slider", "number"] = "slider"
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01


ESSENTIALS = (
    Dial("temperature", "Temperature", high=2.0, step=0.05),
    Dial("top_p", "Top-p", low=0.01),
    Dial("top_k", "Top-k", high=200, step=1),
    Dial("max_tokens", "Max tokens", "number", step=16),
)
TRUNCATION = (
    Dial("min_p", "Min-p"),
    Dial("typical_p", "Typical-p", low=0.01),
    Dial("min_tokens", "Min tokens", "number", step=1),
)
PENALTIES = (
    Dial("repetition_penalty", "Repetition penalty", low=0.5, high=2.0, step=0.05),
    Dial("presence_penalty", "Presence penalty", low=-2.0, high=2.0, step=0.1),
    Dial("frequency_penalty", "Frequency penalty", low=-2.0, high=2.0, step=0.1),
    Dial("no_repeat_ngram_size", "No-repeat n-gram size", "number", step=1),
)


def settings_panel(capabilities: Capabilities | None, page: str = "play", *, several: bool = True) -> None:
    """Draw all dials of a page; `pages.shared.session.params(page)` reads them.

    Args:
        capabilities: of the chosen model, `None` while they are not known (everything is then offered).
        page: prefix of the dials' session keys; the Playground's, unless given.
        several: offer more than one answer.
    """
    if dial("temperature", page) not in st.session_state:
        set_dials({}, page)
    for each in ESSENTIALS:
        draw_dial(each, capabilities, page)
    with st.expander("Truncation", type="compact"):
        for each in TRUNCATION:
            draw_dial(each, capabilities, page)
    with st.expander("Penalties", type="compact"):
        for each in PENALTIES:
            draw_dial(each, capabilities, page)
    with st.expander("Stop, seed, number of answers" if several else "Stop, seed", type="compact"):
        st.text_area(
            "Stop strings, one a line",
            key=dial("stop", page),
            height=80,
            placeholder="\\n is a line break",
            help=_help("stop"),
            persist_state="session",
        )
        st.text_input(
            "Seed",
            key=dial("seed", page),
            placeholder="drawn for each run",
            help=_help("seed", _reason(capabilities, "seed")),
            disabled=bool(_reason(capabilities, "seed")),
            persist_state="session",
        )
        if several:
            st.number_input(
                "Answers", *_whole("n"), step=1, key=dial("n", page), help=_help("n"), persist_state="session"
            )
    with st.expander("Beam search", type="compact"):
        why = _reason(capabilities, "beams")
        options: dict[str, Any] = {"disabled": bool(why), "persist_state": "session"}
        st.number_input(
            "Beams", *_whole("num_beams"), step=1, key=dial("num_beams", page), help=_help("num_beams", why), **options
        )
        st.number_input(
            "Length penalty",
            *map(float, _limits("length_penalty")),
            step=0.1,
            key=dial("length_penalty", page),
            help=_help("length_penalty", why),
            **options,
        )
        st.selectbox(
            "Early stopping",
            ["false", "true", "never"],
            key=dial("early_stopping", page),
            help=_help("early_stopping", why),
            **options,
        )


def draw_dial(each: Dial, capabilities: Capabilities | None, page: str = "play") -> None:
    """Draw one dial of a page."""
    why = _reason(capabilities, each.name) if each.name in SAMPLERS else None
    whole = SamplingParams.model_fields[each.name].annotation is int
    number = int if whole else float
    key = dial(each.name, page)
    options: dict[str, Any] = {
        "key": key,
        "help": _help(each.name, why),
        "disabled": bool(why),
        "persist_state": "session",
        "step": number(each.step),
    }
    if each.kind == "number":
        st.number_input(each.label, *_whole(each.name), **options)
    else:
        # a run opened from its link may lie outside of what is comfortable to drag
        value = st.session_state[key]
        st.slider(each.label, number(min(each.low, value)), number(max(each.high, value)), **options)


def _whole(name: str) -> tuple[int, int]:
    low, high = _limits(name)
    return int(low), int(high)


def _limits(name: str) -> tuple[float, float]:
    marks = SamplingParams.model_fields[name].metadata
    low = next(mark.ge for mark in marks if hasattr(mark, "ge"))
    high = next(mark.le for mark in marks if hasattr(mark, "le"))
    return low, high


def _help(name: str, why_not: str | None = None) -> str:
    text = SamplingParams.model_fields[name].description or ""
    return f"**Not available.** {plain(why_not)}\n\n{text}" if why_not else text


def _reason(capabilities: Capabilities | None, name: str) -> str | None:
    return capabilities.reason(name) if capabilities else None
