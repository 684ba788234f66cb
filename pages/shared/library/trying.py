"""From an open prompt to the Playground, or into the Prompt lab if it words a technique. Draws two buttons.

Knows nothing of how either page works: `pages.shared.handover` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.generation.params import SamplingParams
from core.models.capabilities import Capabilities
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.inputs import as_text
from core.techniques import TECHNIQUES
from pages.shared.handover import prepare_lab, start_chat, to_lab, to_playground
from pages.shared.library.desk import act, desk
from pages.shared.library.draft import Draft
from pages.shared.library.form import EXPECTED

QUESTION = "question"
"""The variable that stands for the question in the wording of a technique."""
_LAB = "lab"


def go() -> None:
    """Leave for the page that a button prepared; pages cannot be switched in a callback."""
    started, desk().started = desk().started, None
    if started == _LAB:
        to_lab()
    elif started:
        to_playground(started)


def try_buttons(
    draft: Draft, messages: Sequence[PromptMessage] | None, values: Mapping[str, Any], able: Capabilities | None
) -> None:
    """Draw them.

    Args:
        draft: the open prompt.
        messages: with the form's values in; `None` while one is missing.
        values: of the form.
        able: what the chosen model can do.
    """
    prompt = draft.prompt
    st.button(
        "Try in Playground",
        icon=":material/play_arrow:",
        key="library_try",
        on_click=act(_try, once=True),
        args=(prompt, messages, able),
        disabled=messages is None,
        help="Fill in every variable first." if messages is None else "Sends exactly this to the model in the sidebar.",
    )
    if (technique := technique_of(draft.base.name)) and prompt:
        st.button(
            "Use in Prompt lab",
            icon=":material/science:",
            key="library_lab",
            on_click=act(_prepare, once=True),
            args=(technique, str(values.get(QUESTION) or ""), prompt),
            help=f"Opens {TECHNIQUES[technique].title} there, which fills in everything but the question by itself.",
        )


def technique_of(name: str) -> str | None:
    """The technique that a shipped prompt words, if it does: `techniques/pal` → `pal`."""
    folder, _, leaf = name.rpartition("/")
    return leaf if folder == "techniques" and leaf in TECHNIQUES else None


def _try(prompt: PromptFile | None, messages: Sequence[PromptMessage] | None, able: Capabilities | None) -> None:
    here = desk()
    if prompt is None or messages is None or here.started:  # a second click while the first is at work
        return
    known = {k: v for k, v in prompt.parameters.items() if k in SamplingParams.model_fields and v is not None}
    here.started = start_chat([{"role": each.role, "content": each.content} for each in messages], known, able)


def _prepare(technique: str, question: str, prompt: PromptFile) -> None:
    row = next((row for row in prompt.test_data if row.get(QUESTION) == question), {})
    prepare_lab(technique, question, as_text(row.get(EXPECTED) or ""))
    desk().started = _LAB
