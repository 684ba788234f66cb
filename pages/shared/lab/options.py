"""The sidebar of the lab: sampling dials, and the options of the ticked techniques, which other pages draw too.

A technique names the options it uses, and only those are drawn. Knows nothing of what they do.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.models.capabilities import Capabilities
from core.prompts.library import list_prompts
from core.techniques import TECHNIQUES
from core.techniques.examples import shipped_sets
from core.techniques.request import CHOICES, MAX_SAMPLES, MAX_SHOTS, MAX_STEPS, ORDERS
from core.tools import TOOLS
from core.tools.collections import known_collections
from pages.shared.lab.draft import SYSTEM, ticked
from pages.shared.lab.option_draft import PAGE, examples_key, option, upload_key
from pages.shared.session import dial
from pages.shared.settings_panel import ESSENTIALS, PENALTIES, TRUNCATION, draw_dial

UPLOAD_MB = 5
OWN = "the technique's own"


def sampling(able: Capabilities | None) -> None:
    """What fits every technique; stop strings and the number of answers are the technique's own."""
    st.text_input("System prompt", key=SYSTEM, placeholder="none", persist_state="session")
    st.selectbox(
        "Sent as",
        ["", "chat", "completion"],
        key=option("mode"),
        format_func=lambda mode: mode or OWN,
        help="A chat goes through the model's chat template; a completion is the prompt as it is, to be continued.",
        persist_state="session",
    )
    for each in ESSENTIALS:
        draw_dial(each, able, PAGE)
    with st.expander("Truncation, penalties, seed", type="compact"):
        for each in (*TRUNCATION, *PENALTIES):
            draw_dial(each, able, PAGE)
        st.text_input("Seed", key=dial("seed", PAGE), placeholder="drawn for each run", persist_state="session")


def technique_options(names: Sequence[str] | None = None, page: str = PAGE) -> None:
    """What techniques let a person set.

    Args:
        names: of the techniques; `None` is those that are ticked in the lab.
        page: prefix of the widgets' session keys, see `pages.shared.lab.option_draft`.
    """
    chosen = ticked() if names is None else names
    used = {name for each in chosen for name in TECHNIQUES[each].options}
    if len(chosen) == 1:
        _wording(page)
    if "examples" in used:
        _examples(page)
    if "samples" in used:
        st.number_input(
            "Samples",
            2,
            MAX_SAMPLES,
            value=None,
            key=option("samples", page),
            placeholder=OWN,
            help="Answers that self-consistency draws and lets vote. They differ only when the temperature is above 0.",
            persist_state="session",
        )
    if "tools" in used:
        st.multiselect(
            "Tools",
            list(TOOLS),
            key=option("tools", page),
            placeholder="all that can work",
            help="\n".join(f"- **{tool.name}**: {tool.description}" for tool in TOOLS.values()),
            persist_state="session",
        )
    if "collection" in used:
        _collection(page)
    if "max_steps" in used:
        st.number_input(
            "Most steps",
            1,
            MAX_STEPS,
            value=None,
            key=option("max_steps", page),
            placeholder=OWN,
            help="After so many actions ReAct has to answer.",
            persist_state="session",
        )
    if "extract" in used:
        st.text_input(
            "Extraction rule",
            key=option("extract", page),
            placeholder=OWN,
            help="How the final answer is found in the text, for example `last-number`, `answer-is`, `letter`, `boxed` "
            "or `regex:…`.",
            persist_state="session",
        )


def _wording(page: str) -> None:
    """A prompt of the person's own in place of the technique's; it must ask the question somewhere."""
    own = [each.name for each in list_prompts() if not each.shipped and "question" in each.variables]
    chosen = st.session_state.get(option("prompt", page))
    st.selectbox(
        "Wording",
        ["", *own, *([chosen] if chosen and chosen not in own else [])],
        key=option("prompt", page),
        format_func=lambda name: name or OWN,
        help="A prompt of your own from the Library that holds {{question}}, such as a changed copy of the "
        "technique's. Only while one technique is ticked.",
        persist_state="session",
    )


def _collection(page: str) -> None:
    """A collection by its name; a folder is typed in."""
    known = known_collections()
    chosen = st.session_state.get(option("collection", page))
    st.selectbox(
        "Collection",
        ["", *known, *([chosen] if chosen and chosen not in known else [])],
        key=option("collection", page),
        format_func=lambda name: name or "none",
        accept_new_options=True,
        help="What Search and Lookup read: a collection of yours, one that ships with Loupe, or the path of a folder "
        "with .txt and .md files on the machine that runs Loupe.",
        persist_state="session",
    )


def _examples(page: str) -> None:
    sets = ["", *shipped_sets()]
    chosen = st.session_state.get(examples_key(page), "")
    st.selectbox(
        "Examples",
        sets if chosen in sets else [*sets, chosen],  # a file of a run that is shown
        key=examples_key(page),
        format_func=lambda name: name or OWN,
        persist_state="session",
    )
    with st.expander("Own examples, choice and order", type="compact"):
        st.file_uploader(
            "Examples file",
            type=["jsonl"],
            key=upload_key(page),
            max_upload_size=UPLOAD_MB,
            help='Rows such as {"question": "…", "answer": "…", "reasoning": "…", "program": "…"}; the last two only '
            "where a technique shows them.",
        )
        st.number_input(
            "Examples to show",
            0,
            MAX_SHOTS,
            value=None,
            key=option("shots", page),
            placeholder=OWN,
            persist_state="session",
        )
        st.selectbox("Choose", list(CHOICES), key=option("choose", page), persist_state="session")
        st.selectbox("Order", list(ORDERS), key=option("order", page), persist_state="session")
