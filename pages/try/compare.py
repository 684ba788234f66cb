"""Compare: up to six variants side by side, where they part, and sweeps over one or two settings."""

import streamlit as st

from pages.shared.compare import draft, side_by_side, sweep_tab
from pages.shared.compare.prompt_box import prompt_box, prompt_switch
from pages.shared.compare.session import COLUMNS_TAB, ERROR, SWEEP_TAB, TAB, close, running, shown_columns
from pages.shared.compare.settings import settings
from pages.shared.compare.sweep_session import shown_sweep
from pages.shared.text import plain

draft.prepare()
sweep = shown_sweep()
shown = shown_columns()
draft.prepare()  # columns of a link may be others

with st.sidebar:
    settings()

with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
    st.subheader("Compare", width="stretch", anchor=False)
    prompt_switch()
    if any(shown.values()) and not running(shown):
        st.button("New", icon=":material/add:", key="compare_new", on_click=close, type="tertiary")
prompt_box()
if error := st.session_state.pop(ERROR, None):
    st.error(plain(error))

first = SWEEP_TAB if sweep and not any(shown.values()) else COLUMNS_TAB
st.session_state.setdefault(TAB, first)
columns_place, sweep_place = st.tabs([COLUMNS_TAB, SWEEP_TAB], key=TAB, on_change="rerun")
if columns_place.open:
    with columns_place:
        side_by_side.draw(shown)
if sweep_place.open:
    with sweep_place:
        sweep_tab.draw(sweep)
