"""The question, its expected answer, and example questions that are one click each. Knows nothing of runs."""

from __future__ import annotations

import streamlit as st

from core.techniques import EXAMPLE_QUESTIONS, TECHNIQUES, ExampleQuestion
from pages.shared.lab.draft import EXPECTED, MODE, QUESTION, tick
from pages.shared.lab.option_draft import option
from pages.shared.text import plain


def question_box() -> None:
    """Draw question and expected answer, and the examples below them."""
    question, beside = st.columns([3, 1])
    with question:
        st.text_area(
            "Question", key=QUESTION, height=80, placeholder="What do you want to know?", persist_state="session"
        )
    with beside:
        st.text_input(
            "Expected answer",
            key=EXPECTED,
            placeholder="optional",
            help="Each answer is then marked right or wrong. It is never sent to the model.",
            persist_state="session",
        )
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("Try", width="content")
        for number, example in enumerate(EXAMPLE_QUESTIONS):
            st.button(
                plain(example.title),
                key=f"lab_example_{number}",
                help=plain(example.question),
                on_click=_take,
                args=(example,),
            )


def _take(example: ExampleQuestion) -> None:
    st.session_state[QUESTION] = example.question
    st.session_state[EXPECTED] = example.answer
    st.session_state[MODE] = "techniques"
    st.session_state[option("collection")] = example.collection or ""
    for name in TECHNIQUES:
        st.session_state[tick(name)] = name in example.techniques
