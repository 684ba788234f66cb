"""From columns to where they are judged: an eval file that repeats them on data, and blind votes.

Knows nothing of how an eval is written or run.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import LoupeError
from core.evals.compare.variants import names_of
from core.evals.eval_file import DataSource, EvalFile
from core.evals.formats import write_eval
from core.evals.row import Row
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
        if (Path(__file__).parents[3] / ARENA).exists():
            st.page_link(ARENA, label="Vote blind", icon=":material/how_to_vote:")


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
