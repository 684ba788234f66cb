"""Arena: two answers without names side by side, a vote, then the names; ratings with intervals from all votes."""

import streamlit as st

from core.errors import LoupeError
from pages.shared.arena import draft, session
from pages.shared.arena.contestants import contestants, hidden
from pages.shared.arena.desk import desk
from pages.shared.arena.pair import pair
from pages.shared.arena.standings import standings
from pages.shared.text import plain

draft.prepare()
session.prepare()
match = session.shown_match()
answers = None
if match is not None:
    try:
        answers = match.answers()
    except LoupeError as error:
        st.session_state[session.ERROR] = str(error)
running = answers is not None and any(each.running for each in answers)
failed = answers is not None and any(each.error for each in answers)
undecided = match is not None and answers is not None and not match.voted and (running or not failed)

with st.sidebar:
    if undecided:  # nothing on the page may tell who is who
        hidden(len(draft.contestants()))
    else:
        contestants()

with st.container(horizontal=True, vertical_alignment="center", height=42, border=False):
    st.subheader("Arena", width="stretch", anchor=False)
    if match and not running:
        st.button("New question", icon=":material/add:", key="arena_new", on_click=session.close, type="tertiary")
desk(match, busy=running)
if message := st.session_state.pop(session.ERROR, None):
    st.error(plain(message))
if match is not None and answers is not None:
    pair(match, answers)
if not undecided:
    standings()
