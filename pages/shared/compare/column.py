"""One column of Compare: what it is, its output as it comes, what it cost, and what can be done with it.

Knows nothing of the columns beside it but the text it is compared with.
"""

from __future__ import annotations

import math

import streamlit as st

from core.documents.answering.request import AnswerRequest
from core.errors import LoupeError
from core.evals.compare import columns
from core.evals.compare.columns import MOST, Column
from core.evals.compare.worddiff import Piece, word_diff
from core.generation.request import GenerationRequest
from core.generation.result import TokenResult
from pages.shared.compare import draft
from pages.shared.compare.draft import EACH, EDITED, OWN_BOXES, field
from pages.shared.compare.session import drop, duplicate, once, start, stop
from pages.shared.compare.word_diff import word_diff_view
from pages.shared.lab.blocks import block
from pages.shared.lab.steps import steps
from pages.shared.model_picker import is_loaded
from pages.shared.text import plain
from pages.shared.tokens import Span, token_view

POLL_S = 0.5
TITLE_PX = 44
SHADED, DIFFERENCES = "compare_shaded", "compare_differences"
"""Session keys of the switches for the shading of tokens, and for the word diff."""
_STATUS = {
    "cancelled": ("Stopped", ":material/stop_circle:", "orange"),
    "interrupted": ("Interrupted", ":material/power_off:", "orange"),
    "failed": ("Failed", ":material/error:", "red"),
}


def column(slot: int, name: str, shown: Column | str | None, base: Column | None) -> None:
    """Draw it.

    Args:
        slot: of the draft.
        name: what tells it from the others.
        shown: its run, why there is none, or nothing yet.
        base: the first column's run, for every other column.
    """
    letter = draft.letter(slot)
    with st.container(
        horizontal=True, vertical_alignment="center", height=TITLE_PX, border=False, wrap=False, gap="xsmall"
    ):
        st.markdown(f"**{letter}** · {plain(name)}", width="stretch")
        if isinstance(shown, Column) and shown.running:
            st.button(
                ":material/stop_circle:",
                key=f"compare_stop_{shown.id}",
                type="tertiary",
                on_click=stop,
                args=(shown.id,),
                help=f"Stop {letter}",
            )
        _menu(slot, letter, isinstance(shown, Column) and shown.running)
    if st.session_state[EACH] == OWN_BOXES and not st.session_state.get(field(slot, "library")):
        st.text_area(
            f"Prompt of {letter}",
            key=field(slot, "prompt"),
            height=90,
            placeholder="What this column is asked",
            label_visibility="collapsed",
            persist_state="session",
        )
    if shown is None:
        st.caption("Not run yet.")
    elif isinstance(shown, str):
        st.error(plain(shown))
    elif shown.running:
        st.fragment(_poll, run_every=POLL_S)(shown.id, letter)
    else:
        output(shown, letter, base)


def _menu(slot: int, letter: str, running: bool) -> None:
    st.button(
        ":material/tune:",
        key=f"compare_edit_{slot}",
        type="tertiary",
        on_click=_edit,
        args=(slot,),
        help=f"Settings of {letter}, in the sidebar",
    )
    with st.popover(":material/more_vert:", type="tertiary", key=f"compare_more_{slot}", help=f"More for {letter}"):
        st.button(
            f"Run {letter} alone",
            icon=":material/play_arrow:",
            key=f"compare_run_{slot}",
            on_click=once(start),
            args=(slot,),
            disabled=running,
            width="stretch",
        )
        st.button(
            "Duplicate",
            icon=":material/content_copy:",
            key=f"compare_copy_{slot}",
            on_click=duplicate,
            args=(slot,),
            disabled=len(draft.slots()) >= MOST,
            width="stretch",
        )
        st.button(
            "Remove",
            icon=":material/delete:",
            key=f"compare_remove_{slot}",
            on_click=drop,
            args=(slot,),
            disabled=running or len(draft.slots()) < 2,
            width="stretch",
        )


def _edit(slot: int) -> None:
    st.session_state[EDITED] = slot


def _poll(run_id: str, letter: str) -> None:
    try:
        now = columns.find(run_id)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    output(now, letter, None)
    if not now.running:
        st.rerun()  # the whole page: Stop is over, and the columns can be compared


def output(shown: Column, letter: str, base: Column | None) -> None:
    """The text, shaded or against the first column's, and everything below it."""
    if shown.status in _STATUS:
        words, icon, colour = _STATUS[shown.status]
        st.badge(words, icon=icon, color=colour)
    if not shown.text and shown.running:
        st.caption("Waiting for the first word…" if is_loaded(shown.request.model) else "Loading the model…")
    elif base is not None and st.session_state.get(DIFFERENCES) and not base.running and not shown.running:
        word_diff_view(
            _diff(base.text, shown.text),
            label=f"Output of {letter} against the first column",
            legend="Against A",
            key=f"compare_diff_{base.id}_{shown.id}",
        )
    elif shown.text or shown.tokens:
        token_view(
            spans(shown),
            label=f"Output of {letter}",
            key=f"compare_tokens_{shown.id}",
            shaded=bool(st.session_state.get(SHADED, False)),
            running=shown.running,
            legend=letter == draft.LETTERS[0],  # once
        )
    elif not shown.error:
        st.caption("The output is empty.")
    if shown.finish_reason == "length":
        st.caption("Cut at max tokens.")
    if shown.error:
        st.error(plain(shown.error))
    if shown.unsaved:
        st.warning(plain(shown.unsaved))
    if not shown.running or shown.completion_tokens:
        st.caption(figures(shown))
    if not shown.running:
        _details(shown)


def spans(shown: Column) -> list[Span]:
    """What the token view shows."""
    if "".join(token.text for token in shown.tokens) != shown.text:
        return [Span(shown.text)]
    return [
        Span(token.special or token.text, _probability(token), kind="special" if token.special else "token")
        for token in shown.tokens
        if token.special or token.text
    ]


def figures(shown: Column) -> str:
    """Tokens, times and cost on one line, in Markdown."""
    parts = [] if shown.prompt_tokens is None else [f"{shown.prompt_tokens:,} tokens in"]
    parts.append(f"{shown.completion_tokens:,} out")
    if shown.ttft_s is not None:
        parts.append(f"first token {shown.ttft_s:.2f} s")
    if shown.tokens_per_s is not None:
        parts.append(f"{shown.tokens_per_s:.1f} tokens/s")
    if shown.calls > 1:
        parts.append(f"{shown.calls} calls")
    if shown.total_s:
        parts.append(f"{shown.total_s:.1f} s")
    if shown.cost_usd is not None:
        parts.append(f"\\${shown.cost_usd:.6f}")
    if shown.seed is not None and not shown.request.params.greedy:
        parts.append(f"seed {shown.seed}")
    return " · ".join(parts)


def _details(shown: Column) -> None:
    with st.expander(
        "Prompt as sent" + (", steps" if shown.steps else ""), type="compact", key=f"compare_sent_{shown.id}"
    ):
        block(shown.prompt or "(only the endpoint knows)", height=200)
        if isinstance(shown.request, AnswerRequest):
            for step in shown.steps:
                if step.kind == "passages":
                    st.caption(f"**Passages** · {plain(step.text)}")
        elif shown.steps:
            steps(shown.steps)
        page, label, key = _home(shown)
        st.page_link(page, label=label, icon=":material/open_in_new:", query_params={key: shown.id})


def _home(shown: Column) -> tuple[str, str, str]:
    """The page that a run of this kind comes from, what the link says, and where that page looks for runs."""
    if isinstance(shown.request, GenerationRequest):
        return "pages/try/playground.py", "Open in the Playground", "run"
    if isinstance(shown.request, AnswerRequest):
        return "pages/documents/ask.py", "Open in Ask", "answers"
    return "pages/prompts/lab.py", "Open in the Prompt lab", "lab"


def _probability(token: TokenResult) -> float | None:
    return None if token.logprob is None else math.exp(min(0.0, token.logprob))


@st.cache_data(max_entries=64, ttl=600, show_spinner=False)
def _diff(a: str, b: str) -> list[Piece]:
    return word_diff(a, b)
