"""Prompt lab: one question through several techniques or models, every step shown as it happens."""

import streamlit as st

from core.techniques import TECHNIQUES
from pages.shared.lab import draft
from pages.shared.lab.chooser import chooser
from pages.shared.lab.column import column
from pages.shared.lab.engines import engine_line
from pages.shared.lab.options import sampling, technique_options
from pages.shared.lab.preview import previews
from pages.shared.lab.question import question_box
from pages.shared.lab.session import ERROR, close, once, shown_columns, start, stop
from pages.shared.model_picker import model_picker
from pages.shared.text import plain

ACROSS = 4

columns = shown_columns()
draft.prepare()
running = [each.run.id for each in columns if each.run and each.running]

with st.sidebar:
    able = model_picker() if st.session_state[draft.MODE] == "techniques" else None
    technique_options()
    sampling(able)
    sandbox = st.container()

with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
    st.subheader("Prompt lab", width="stretch", anchor=False)
    if columns and not running:
        st.button("New", icon=":material/add:", key="lab_new", on_click=close, type="tertiary")
question_box()
chooser()

with st.container(horizontal=True, vertical_alignment="center"):
    st.button(
        "Run",
        icon=":material/play_arrow:",
        key=f"lab_run_{'.'.join(each.run.id for each in columns if each.run)}",
        type="primary",
        on_click=once(start),
        disabled=bool(running),
    )
    st.button(
        "Stop all", icon=":material/stop_circle:", key="lab_stop_all", on_click=stop, args=running, disabled=not running
    )
if error := st.session_state.pop(ERROR, None):
    st.error(plain(error))
previews()

asked = [each.run.request for each in columns if each.run]
by_model = len({each.technique for each in asked}) == 1 < len({each.model for each in asked})
for first in range(0, len(columns), ACROSS):
    row = columns[first : first + ACROSS]
    for place, shown in zip(st.columns(max(2, len(row)), border=True), row, strict=False):
        with place:
            column(shown, by_model)
if not columns:
    st.caption("Nothing has run yet. Take an example question, look at the exact prompts, then press Run.")
if any(TECHNIQUES[name].sandbox for name in draft.ticked()):
    with sandbox:  # last, since the sandbox's test of itself takes a second once
        engine_line()
