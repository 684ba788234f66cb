"""Playground: one prompt, one model, every dial; the lens shows what the dials do to the next token."""

import streamlit as st

from pages.shared import forks
from pages.shared.asking import MESSAGE, ask, complete, regenerate, stop
from pages.shared.conversation import SHADED, answers, past_turns
from pages.shared.get_code import get_code
from pages.shared.lens_panel import HEADER_PX, lens_panel
from pages.shared.model_picker import model_picker
from pages.shared.presets import preset_picker
from pages.shared.session import ERROR, MODE, PROMPT, SYSTEM, close_run, once, shown_run
from pages.shared.settings_panel import settings_panel
from pages.shared.text import plain

EXAMPLES = (
    "Why is the sky blue? Answer in two sentences.",
    "Write a short story about a lighthouse keeper who finds a message in a bottle.",
    "Give me three tips for learning a new language.",
)
COMPLETION_EXAMPLE = "The old telescope had one secret: whoever looked through it saw"
FRAME_PX = {"chat": 470, "completion": 330}

run = shown_run()
with st.sidebar:
    able = model_picker()
    st.session_state.setdefault(MODE, "chat")
    mode = st.segmented_control(
        "Mode",
        ["chat", "completion"],
        key=MODE,
        format_func=str.capitalize,
        required=True,
        persist_state="session",
        width="stretch",
    )
    if mode == "chat":
        st.text_area("System prompt", key=SYSTEM, height=80, placeholder="none", persist_state="session")
    preset_picker()
    settings_panel(able)

if run and run.request.mode != mode:
    run = None  # the other mode starts afresh; the run stays under its link and on the Runs page
parent = forks.parent_of(run) if run else None
work, instrument = st.columns([7, 5], gap="large")

with work:
    with st.container(horizontal=True, vertical_alignment="center", height=HEADER_PX, border=False):
        st.subheader("Playground", width="stretch", anchor=False)
        if run and not run.running:
            st.toggle("Probabilities", True, key=SHADED, persist_state="session", help="Shade every token by its own.")
            st.button("New", icon=":material/add:", key="play_new", on_click=close_run, type="tertiary")

    if mode == "completion":
        st.text_area(
            "Prompt",
            key=PROMPT,
            height=120,
            placeholder="Text to continue, sent exactly as it is",
            persist_state="session",
        )
    # a frame of its own that scrolls, so that input and lens stay where they are however long the conversation
    with st.container(height=FRAME_PX[mode], border=False, autoscroll=bool(run and run.running), key="play_frame"):
        if run:
            if mode == "chat":
                past_turns(run)
            answers(run, parent, None if forks.why_no_fork(run, able) else forks.go_on)
        else:
            st.caption("Nothing has been asked yet. Try one of these on the bundled model, or write your own:")
            if mode == "chat":
                for number, example in enumerate(EXAMPLES):
                    st.button(example, key=f"play_example_{number}", on_click=once(ask), args=(None, able, example))
            else:
                example = COMPLETION_EXAMPLE
                st.button(f"{example} …", key="play_example", on_click=once(complete), args=(None, able, example))

    if error := st.session_state.pop(ERROR, None):
        st.error(plain(error))

    shown = run.id if run else "none"
    if mode == "chat":
        st.chat_input(
            "Write a message", key=MESSAGE, on_submit=ask, args=(run, able), disabled=bool(run and run.running)
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        if run and run.running:
            st.button("Stop", icon=":material/stop_circle:", key=f"play_stop_{shown}", on_click=stop, args=(run,))
        elif mode == "completion":
            st.button(
                "Continue the text",
                icon=":material/play_arrow:",
                key=f"play_complete_{shown}",
                on_click=once(complete),
                args=(run, able),
                type="primary",
            )
        if run and not run.running:
            # without a given beginning, any model can answer the same question
            why_not = forks.why_no_fork(run, able) if run.request.answer_ids else None
            st.button(
                "Regenerate",
                icon=":material/refresh:",
                key=f"play_again_{shown}",
                on_click=once(regenerate),
                args=(run, able),
                disabled=bool(why_not),
                help=f"This answer has a given beginning. {plain(why_not)}" if why_not else None,
            )
            get_code(run)

with instrument:
    lens_panel(run, parent, able)
    if chosen := (forks.chosen_token(run, parent) if run and not run.running else None):
        forks.rivals(*chosen, able)
