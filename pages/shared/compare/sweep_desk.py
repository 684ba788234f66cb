"""The tab Sweep: which settings move over which values, how often, and what scores an output.

Knows nothing of results.
"""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.evals.compare.axes import SETTINGS, Setting
from core.evals.compare.sweep import MOST_SAMPLES
from core.prompts.library import list_prompts
from pages.shared.compare import draft, sweep_draft
from pages.shared.compare.sweep_draft import EXPECTED, FIRST, PLACES, RULE, SAMPLES, SCORE, values_key
from pages.shared.documents.stock import listed
from pages.shared.model_picker import known_models
from pages.shared.text import plain

SCORE_HELP = (
    "What a good output is, a line for each demand, as in promptfoo's CSV files: `contains: blue`, "
    "`not-contains: sorry`, `regex: ^\\d+$`, `is-json`, `similar(0.8): It is the sky`, "
    "`extract:last-number/numeric: 42`. The score is their mean. Without any, cells are compared by length, "
    "diversity and agreement."
)


def desk() -> None:
    """Draw it."""
    sweep_draft.prepare()
    letter = draft.letter(st.session_state[draft.EDITED])
    st.caption(f"Moves one or two settings of column {letter}; all others are as the sidebar has them.")
    for place, column in zip(PLACES, st.columns(2, gap="medium"), strict=True):
        with column:
            _axis(place)
    samples, score, expected, rule = st.columns([1, 3, 2, 2], gap="small")
    with samples:
        st.number_input(
            "Samples a cell",
            1,
            MOST_SAMPLES,
            key=SAMPLES,
            help="Each with the next seed. A greedy cell draws one: the others would be the same.",
            persist_state="session",
        )
    with score:
        st.text_area(
            "Score",
            key=SCORE,
            height=68,
            placeholder="contains: …   (optional)",
            help=SCORE_HELP,
            persist_state="session",
        )
    with expected:
        st.text_input(
            "Expected answer",
            key=EXPECTED,
            placeholder="optional",
            help="For demands that compare with it, such as `extract:last-number/numeric`.",
            persist_state="session",
        )
    with rule:
        st.text_input(
            "Answer rule",
            key=RULE,
            placeholder="the whole output",
            help="How the answer is found whose agreement is counted: `last-number`, `letter`, `answer-is`, `regex:…`.",
            persist_state="session",
        )


def size() -> str:
    """How large the sweep would be, or what is wrong with it, in Markdown; "" where nothing can be said yet."""
    if not any(each.content.strip() for each in _asked()):
        return ""
    try:
        request = sweep_draft.wanted()
    except LoupeError as error:
        return f":material/info: {plain(str(error))}"
    cells, outputs = len(request.cells()), request.outputs
    said = [f"{cells} cell{'' if cells == 1 else 's'}, {outputs} output{'' if outputs == 1 else 's'}"]
    return " · ".join([*said, *(plain(note) for note in request.notes())])


def _asked() -> tuple[object, ...]:
    try:
        return draft.messages(st.session_state[draft.EDITED])
    except LoupeError:
        return ()


def _axis(place: str) -> None:
    first = place == FIRST
    names = list(SETTINGS) if first else ["", *SETTINGS]
    setting = st.selectbox(
        "Setting" if first else "Second setting",
        names,
        key=place,
        format_func=lambda name: SETTINGS[name].title if name else "none",
        on_change=sweep_draft.prepare,
        persist_state="session",
    )
    if not setting:
        return
    known = SETTINGS[setting]
    key = values_key(place, setting)
    if known.kind == "choice":
        chosen = st.session_state.get(key) or []
        st.multiselect(
            "Values",
            list(dict.fromkeys([*_choices(known), *chosen])),
            key=key,
            accept_new_options=known.name == "model",
            placeholder="Choose values",
            persist_state="session",
        )
        return
    st.text_input(
        "Values",
        key=key,
        help="A list, `0, 0.5, 1`, or a range, `0..1 step 0.25`.",
        persist_state="session",
    )


def _choices(setting: Setting) -> list[str]:
    if setting.choices:
        return list(setting.choices)
    if setting.name == "model":
        return known_models()
    if setting.name == "prompt":
        return [each.name for each in list_prompts() if not each.problem]
    try:
        return [view.name for view in listed()]
    except LoupeError as error:
        st.error(plain(str(error)))
        return []
