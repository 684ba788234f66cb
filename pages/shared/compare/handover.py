"""From columns to where they are judged: an eval file that repeats them on data, and blind votes.

Knows nothing of how an eval is written or run.
"""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.evals.arena.ballots import identity
from core.evals.arena.matches import QUESTION
from core.evals.arena.naming import name_of
from core.evals.arena.pairing import LEAST
from core.evals.compare.variants import names_of
from core.evals.eval_file import DataSource, EvalFile
from core.evals.formats import write_eval
from core.evals.row import Row
from core.evals.variant import Variant
from core.prompts import template
from pages.shared.arena import draft as arena
from pages.shared.arena import session as arena_session
from pages.shared.compare import draft
from pages.shared.text import plain

ARENA = "pages/try/arena.py"
FILE = "compare.yaml"


def handover() -> None:
    """Draw what can be done with the columns beside looking at them."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        opened = st.popover(
            "Get the eval file",
            icon=":material/description:",
            key="compare_eval",
            on_change="rerun",
            help="These columns as a promptfoo file: add rows and demands, and run it from a shell.",
        )
        if opened.open:
            with opened:
                _file()
        met = contestants()
        blind = st.button(
            "Vote blind",
            icon=":material/how_to_vote:",
            key="compare_blind",
            disabled=len(met) < LEAST,
            help="These columns as the contestants of the Arena, on the same question. Columns that are set alike "
            "count once; a prompt of the Library needs {{question}}.",
        )
    if blind:
        arena_session.close()
        st.session_state[arena.CONTESTANTS] = met
        st.session_state[arena_session.QUESTION] = template.render(_question(), draft.values())
        st.switch_page(ARENA)


def contestants() -> tuple[Variant, ...]:
    """The columns as the arena takes them: each asks `{{question}}` where it asked its prompt."""
    found: dict[str, Variant] = {}
    for slot in draft.slots():
        try:
            each = draft.variant(slot)
        except LoupeError:  # it cannot run here either, and says so
            continue
        last = each.messages[-1]
        if not each.prompt_name:
            asked = (*each.messages[:-1], last.model_copy(update={"content": f"{{{{{QUESTION}}}}}"}))
            each = each.model_copy(update={"messages": asked})
        if each.variables == (QUESTION,):
            found.setdefault(identity(each), each.model_copy(update={"name": name_of(each)}))
    return tuple(found.values())


def _question() -> str:
    """What the first column that has a box of its own asks."""
    for slot in draft.slots():
        try:
            each = draft.variant(slot)
        except LoupeError:
            continue
        if not each.prompt_name:
            return each.messages[-1].content
    return f"{{{{{QUESTION}}}}}"


def eval_file() -> EvalFile:
    """The columns as they are set now, with the prompt's values as the first row.

    Raises:
        LoupeError: a column cannot be used as it is set; one sentence.
    """
    variants = [draft.variant(slot) for slot in draft.slots()]
    named = [each.model_copy(update={"name": name}) for each, name in zip(variants, names_of(variants), strict=True)]
    return EvalFile(
        description="Columns of the page Compare",
        variants=tuple(named),
        data=DataSource(rows=(Row(number=1, vars=draft.values()),)),
    )


def _file() -> None:
    try:
        text = write_eval(eval_file())
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    st.caption(f"`loupe eval run {FILE}` runs it; `assert:` under `tests:` says what a good output is.")
    st.code(text, language="yaml", height=320)
    st.download_button(
        "Download",
        text,
        FILE,
        "application/yaml",
        icon=":material/download:",
        key="compare_eval_file",
        on_click="ignore",
    )
