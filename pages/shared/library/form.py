"""The form made from a prompt's variables, and test data that fills it with one click. Knows nothing of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.prompts.file import PromptFile
from core.prompts.inputs import Input, as_text
from pages.shared.library.desk import act
from pages.shared.library.draft import Draft
from pages.shared.text import plain

EXPECTED = "expected"
"""Column of test data that holds the answer hoped for, and is no variable unless the prompt uses it."""
PILLS = 12
"""Most rows of test data that are one click each; more are in a list."""
HOPED = 240
"""Characters of an expected answer that are shown."""
SHOWN = 36
"""Characters of a row's first value in the list of rows."""


def value_key(draft: Draft, name: str) -> str:
    """Session key of the widget for a variable; another variable of this name in another prompt is another one."""
    return f"library_value_{draft.base.name}_{name}"


def rows_key(draft: Draft) -> str:
    """Session key of the widget that chooses a row of test data."""
    return f"library_rows_{draft.base.name}"


def form(draft: Draft) -> dict[str, Any]:
    """Draw a field for every variable; the values that are given, by name."""
    prompt = draft.prompt
    if prompt is None:
        return {}
    if not prompt.inputs:
        st.caption("No variables. Write {{name}} in a message to get a field here.")
        return {}
    if prompt.test_data:
        _test_data(draft, prompt)
    short: list[Input] = []
    for each in prompt.inputs:  # short fields in pairs, in the order of the text
        if each.type == "long_text":
            _pairs(draft, short)
            short = []
            _field(draft, each)
        else:
            short.append(each)
    _pairs(draft, short)
    return {each.name: value for each in prompt.inputs if (value := _value(draft, each)) is not None}


def fill(draft: Draft, row: Mapping[str, Any]) -> None:
    """Put a row of test data into the fields; what it lacks becomes empty."""
    if draft.prompt is None:
        return
    for each in draft.prompt.inputs:
        given = row.get(each.name)
        st.session_state[value_key(draft, each.name)] = _fitting(each, each.default if given is None else given)


def keep_button(draft: Draft) -> None:
    """Draw the button that adds the form's values to the test data."""
    if draft.prompt and draft.prompt.inputs:
        st.button(
            "Keep as test data",
            icon=":material/playlist_add:",
            key="library_keep_row",
            type="tertiary",
            on_click=act(_keep_row),
            args=(draft,),
            help="Adds these values to the prompt's test data, so that one click fills them in again.",
        )


def _test_data(draft: Draft, prompt: PromptFile) -> None:
    rows = prompt.test_data
    labels = [_row_label(row, place) for place, row in enumerate(rows)]
    if st.session_state.get(rows_key(draft)) not in range(len(rows)):  # rows can go while the file is edited
        st.session_state[rows_key(draft)] = None
    options: dict[str, Any] = {
        "key": rows_key(draft),
        "on_change": act(_take_row),
        "args": (draft,),
        "persist_state": "session",
    }
    if len(rows) <= PILLS:
        chosen = st.pills(
            "Fill from test data", range(len(rows)), format_func=lambda place: f"Row {place + 1}", **options
        )
    else:
        chosen = st.selectbox("Fill from test data", range(len(rows)), None, format_func=labels.__getitem__, **options)
    if chosen is not None and chosen < len(rows) and (hoped := rows[chosen].get(EXPECTED)) is not None:
        hoped = as_text(hoped)
        st.caption(f"**Expected** {plain(hoped[:HOPED])}{'…' if len(hoped) > HOPED else ''}")


def _row_label(row: Mapping[str, Any], place: int) -> str:
    first = next((as_text(value) for name, value in row.items() if name != EXPECTED), "")
    first = " ".join(first.split())
    return f"{place + 1} · {first[:SHOWN]}{'…' if len(first) > SHOWN else ''}"


def _take_row(draft: Draft) -> None:
    place = st.session_state.get(rows_key(draft))
    if draft.prompt and place is not None and place < len(draft.prompt.test_data):
        fill(draft, draft.prompt.test_data[place])


def _keep_row(draft: Draft) -> None:
    if (prompt := draft.prompt) is None:
        return
    row = {each.name: value for each in prompt.inputs if (value := _value(draft, each)) is not None}
    if row and row not in prompt.test_data:
        draft.set_prompt(prompt.model_copy(update={"test_data": (*prompt.test_data, row)}))


def _pairs(draft: Draft, fields: Sequence[Input]) -> None:
    for first in range(0, len(fields), 2):
        for place, each in zip(st.columns(2, vertical_alignment="bottom"), fields[first : first + 2], strict=False):
            with place:
                _field(draft, each)


def _field(draft: Draft, each: Input) -> None:
    """One widget."""
    key = value_key(draft, each.name)
    if key not in st.session_state or not _fits(each, st.session_state[key]):
        st.session_state[key] = _fitting(each, st.session_state.get(key, each.default))
    options: dict[str, Any] = {"key": key, "help": plain(each.description) or None, "persist_state": "session"}
    label = plain(each.name)
    if each.type == "boolean":
        st.checkbox(label, **options)
    elif each.type == "number":
        st.number_input(label, value=None, step=1.0, format="%g", placeholder="a number", **options)
    elif each.type == "choice":
        st.selectbox(label, _choices(each, key), placeholder="choose", accept_new_options=True, **options)
    elif each.type == "long_text":
        st.text_area(label, height=110, **options)
    else:
        st.text_input(label, **options)


def _choices(each: Input, key: str) -> Sequence[str]:
    current = st.session_state.get(key)
    return each.choices if current in (None, *each.choices) else (current, *each.choices)


def _value(draft: Draft, each: Input) -> Any:
    """What the widget holds, `None` where nothing is given."""
    value = st.session_state.get(value_key(draft, each.name))
    if isinstance(value, float) and value.is_integer():
        return int(value)  # a number box knows no whole numbers
    return None if value == "" and each.default is None else value


def _fits(each: Input, value: Any) -> bool:
    """Whether a widget of this type takes the value; a variable can change its type while it is edited."""
    if each.type == "boolean":
        return isinstance(value, bool)
    if each.type == "number":
        return value is None or isinstance(value, float)
    return isinstance(value, str) or (each.type == "choice" and value is None)


def _fitting(each: Input, value: Any) -> Any:
    """The value as a widget of this type takes it."""
    if each.type == "boolean":
        return value if isinstance(value, bool) else str(value).strip().lower() in ("true", "yes", "1")
    if each.type == "number":
        try:
            return None if value in (None, "") else float(value)
        except (TypeError, ValueError):
            return None
    if value is None:
        return None if each.type == "choice" else ""
    return as_text(value)
