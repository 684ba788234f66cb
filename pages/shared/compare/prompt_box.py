"""The prompt that all columns share, boxes for its variables, and worked examples that are one click each.

Knows nothing of runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.evals.variant import Variant
from core.generation.params import SamplingParams
from core.prompts.file import PromptMessage
from core.settings import get_settings
from pages.shared.compare import draft
from pages.shared.compare.draft import EACH, ONE_BOX, OWN_BOXES, PROMPT, value_key
from pages.shared.compare.session import ERROR, close
from pages.shared.text import plain

PROMPT_NAMES = {ONE_BOX: "One prompt for all", OWN_BOXES: "One each"}
COLUMNS_ACROSS = 4


@dataclass(frozen=True, slots=True)
class Example:
    """Columns that are worth a first look."""

    title: str
    what: str
    prompt: str
    columns: tuple[dict[str, Any], ...]
    """Of each what it has of its own: sampling parameters, or fields of a `Variant`."""

    def variants(self) -> list[Variant]:
        """The columns on the model that Loupe comes with."""
        found = []
        for place, own in enumerate(self.columns):
            fields = {name: value for name, value in own.items() if name in Variant.model_fields}
            dials = {name: value for name, value in own.items() if name not in fields}
            fields["model"] = get_settings().default_model + fields.get("model", "")
            found.append(
                Variant.parse(
                    name=draft.LETTERS[place],
                    messages=(PromptMessage(role="user", content=self.prompt),),
                    params=SamplingParams.parse(**{"temperature": 0, "max_tokens": 96, **dials}),
                    **fields,
                )
            )
        return found


EXAMPLES = (
    Example(
        "Cold, warm, hot",
        "One prompt at three temperatures: watch where the answers leave each other, and how likely that was.",
        "Describe the sea at night in two sentences.",
        ({"temperature": 0.0}, {"temperature": 0.7, "seed": 1}, {"temperature": 1.1, "top_p": 0.95, "seed": 1}),
    ),
    Example(
        "Ask, think, or compute",
        "One sum, asked plainly, step by step, and as a program.",
        "A library has 25 shelves and each shelf holds 35 books. How many books does the library hold?",
        ({"technique": "zero-shot"}, {"technique": "zero-shot-cot", "max_tokens": 200}, {"technique": "pal"}),
    ),
    Example(
        "16 bits against 32",
        "The same weights in two precisions, greedy: where rounding alone changes a word.",
        "Explain what a magnifying glass does, in three sentences.",
        ({"model": "?dtype=bf16"}, {"model": "?dtype=fp32"}),
    ),
)


def prompt_switch() -> None:
    """Draw the switch between one prompt and one each."""
    st.segmented_control(
        "Prompts",
        list(PROMPT_NAMES),
        key=EACH,
        format_func=PROMPT_NAMES.__getitem__,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )


def prompt_box() -> None:
    """Draw the box that all columns share, and a box for every variable."""
    if st.session_state[EACH] == ONE_BOX:
        st.text_area(
            "Prompt",
            key=PROMPT,
            height=84,
            label_visibility="collapsed",
            placeholder="What every column is asked. {{name}} makes a variable.",
            persist_state="session",
        )
    if names := draft.variables():
        for first in range(0, len(names), COLUMNS_ACROSS):
            for place, name in zip(st.columns(COLUMNS_ACROSS), names[first : first + COLUMNS_ACROSS], strict=False):
                with place:
                    st.session_state.setdefault(value_key(name), "")
                    st.text_input(plain(name), key=value_key(name), persist_state="session")


def examples(start: Callable[[], None]) -> None:
    """A button for every example; it fills the columns and runs them.

    Args:
        start: starts all columns, for use in a callback.
    """
    st.caption("Nothing has run yet. Write a prompt and press Run all, or try one of these on the bundled model:")
    with st.container(horizontal=True, gap="small"):
        for number, example in enumerate(EXAMPLES):
            st.button(
                example.title,
                key=f"compare_example_{number}",
                help=example.what,
                on_click=_take,
                args=(example, start),
            )


def _take(example: Example, start: Callable[[], None]) -> None:
    close()
    try:
        draft.show(example.variants())
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    start()
