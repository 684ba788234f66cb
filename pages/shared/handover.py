"""From a prompt to where it runs: a run in the Playground, or a technique in the Prompt lab.

Starts at most one run a click. Knows nothing of where the messages come from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.generation import runs
from core.generation.request import GenerationRequest
from core.models.capabilities import Capabilities
from core.prompts.presets import load_preset
from core.techniques import TECHNIQUES
from pages.shared.asking import alternatives
from pages.shared.lab import draft
from pages.shared.lab.session import close
from pages.shared.presets import DEFAULT
from pages.shared.session import MODEL, RUN, dial, params

PLAYGROUND, LAB = "pages/try/playground.py", "pages/prompts/lab.py"


def start_chat(messages: Sequence[Mapping[str, str]], parameters: Mapping[str, Any], able: Capabilities | None) -> str:
    """Send messages to the chosen model; the run's id, to be shown by `to_playground`.

    Args:
        messages: the whole chat; the last one must be the user's.
        parameters: fields of `SamplingParams` that the prompt sets; the others are as the Playground has them.
        able: what the chosen model can do.

    Raises:
        LoupeError: it cannot be run; nothing was started.
    """
    request = GenerationRequest.parse(
        model=st.session_state[MODEL],
        mode="chat",
        messages=list(messages),
        params={**_dials(), **parameters},
        top_logprobs=alternatives(able),
    )
    return runs.start(request).id


def to_playground(run_id: str) -> None:
    """Show a run there; not from a callback, where pages cannot be switched."""
    st.switch_page(PLAYGROUND, query_params={RUN: run_id})


def prepare_lab(technique: str, question: str, expected: str = "") -> None:
    """Tick one technique in the Prompt lab; runs that were shown are closed.

    Args:
        technique: its name in the registry.
        question: what to ask; empty leaves the lab's question as it is.
        expected: the right answer to it, if it is known.
    """
    close()
    draft.prepare()
    st.session_state[draft.MODE] = "techniques"
    for name in TECHNIQUES:
        st.session_state[draft.tick(name)] = name == technique
    if question.strip():
        st.session_state[draft.QUESTION] = question
        st.session_state[draft.EXPECTED] = expected


def to_lab() -> None:
    """Show the lab; not from a callback, where pages cannot be switched."""
    st.switch_page(LAB)


def _dials() -> dict[str, Any]:
    """How the Playground samples now, or would on a first visit."""
    now = params().model_dump()
    if dial("temperature") not in st.session_state:
        with contextlib.suppress(LoupeError):  # somebody took the preset away
            now |= load_preset(DEFAULT).params
    return now
