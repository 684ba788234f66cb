"""The desk of the arena: the question, its topic, examples, and the button that lets two meet."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.evals.arena import Match
from core.store import votes as store
from pages.shared.arena.questions import EXAMPLES
from pages.shared.arena.session import QUESTION, TOPIC, USUAL_TOPIC, begin, once, take
from pages.shared.text import plain


def desk(match: Match | None, *, busy: bool) -> None:
    """Draw it.

    Args:
        match: the one that is shown.
        busy: whether its answers are still coming.
    """
    question, beside = st.columns([4, 1])
    with question:
        st.text_area(
            "Question", key=QUESTION, height=80, placeholder="What shall both be asked?", persist_state="session"
        )
    with beside:
        st.selectbox(
            "Topic",
            _topics(),
            key=TOPIC,
            accept_new_options=True,
            help="Ratings can be looked at topic by topic. Type a new one to add it.",
            persist_state="session",
        )
    undecided = match is not None and not match.voted
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Skip to the next pair" if undecided else "Next pair" if match else "Let two meet",
            icon=":material/swords:",
            key=f"arena_begin_{match.id if match else ''}",
            type="tertiary" if undecided else "primary",
            on_click=once(begin),
            disabled=busy,
        )
        st.caption("or try", width="content")
        for number, example in enumerate(EXAMPLES):
            st.button(
                example.title,
                key=f"arena_example_{number}",
                help=plain(example.question),
                on_click=once(take),
                args=(example,),
                disabled=busy,
            )


def _topics() -> list[str]:
    try:
        known = list(store.topics())
    except LoupeError:  # the ratings below say what is wrong with the store
        known = []
    chosen = st.session_state.get(TOPIC) or USUAL_TOPIC
    return list(dict.fromkeys([USUAL_TOPIC, *(each.topic for each in EXAMPLES), *known, chosen]))
