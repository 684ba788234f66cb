"""One column of the lab: a technique's run as it happens, polled while it is running.

Top to bottom: how it stands, the answer, whether it is right, what it cost, and every step. Knows nothing of how the
run came about, nor of the columns beside it.
"""

from __future__ import annotations

import streamlit as st

from core.techniques import runs
from core.techniques.result import CallResult
from pages.shared.lab import draft
from pages.shared.lab.blocks import block
from pages.shared.lab.session import Column, column_of, stop
from pages.shared.lab.steps import steps
from pages.shared.lab.verdict import judge
from pages.shared.model_picker import is_loaded
from pages.shared.text import plain

POLL_S = 0.5
TITLE_PX = 56
"""Two lines, whether a title needs them or not: columns stay level."""
TITLE = 44
"""Longest model reference as a title, in characters; of a longer one the end says more."""
BIG = 80
"""Longest answer, in characters, that is written big."""
_STATUS = {
    "running": ("Running", ":material/progress_activity:", "primary"),
    "finished": ("Finished", ":material/check:", "gray"),
    "cancelled": ("Stopped", ":material/stop_circle:", "orange"),
    "interrupted": ("Interrupted", ":material/power_off:", "orange"),
    "failed": ("Failed", ":material/error:", "red"),
}


def column(shown: Column, with_model: bool) -> None:
    """Draw it.

    Args:
        shown: the run and its title.
        with_model: name the model rather than the technique, since the columns differ in that.
    """
    title = _short(shown.run.request.model) if with_model and shown.run else shown.title
    with st.container(horizontal=True, vertical_alignment="center", height=TITLE_PX, border=False, wrap=False):
        st.markdown(f"**{plain(title)}**", width="stretch")
        if shown.run:
            st.button(
                "Stop",
                key=f"lab_stop_{shown.run.id}",
                type="tertiary",
                on_click=stop,
                args=(shown.run.id,),
                disabled=not shown.running,
            )
    if shown.run is None:
        st.error(plain(shown.problem or "This run cannot be shown."))
    elif shown.running:
        st.fragment(_poll, run_every=POLL_S)(shown.run.id)
    else:
        outcome(shown.run)


def _poll(run_id: str) -> None:
    now = column_of(run_id)
    if now.run is None:
        st.error(plain(now.problem or "This run cannot be shown."))
        return
    outcome(now.run)
    if not now.running:
        st.rerun()  # the whole page: Stop is over


def outcome(run: runs.RunView) -> None:
    """How the run stands, its answer, cost, prompts and steps."""
    result, expected = run.result, draft.expected(run.request)
    with st.container(horizontal=True, gap="small"):
        words, icon, colour = _STATUS[run.status]
        st.badge(words, icon=icon, color=colour)
        over = run.status == "finished" or result.answer is not None  # what was stopped is not wrong
        if not run.running and over and (verdict := judge(result.answer, expected)):
            st.badge(
                "Right" if verdict.right else "Wrong",
                icon=":material/task_alt:" if verdict.right else ":material/close:",
                color="blue" if verdict.right else "orange",
                help=f"Expected {plain(expected)}: {verdict.how}.",
            )
    st.caption(_cost(run))  # before the answer, so that answers of any length begin at the same height
    _answer(run)
    if result.error:
        st.error(plain(result.error))
    if run.unsaved:
        st.warning(plain(run.unsaved))
    _prompts(run)
    steps(result.steps)
    if run.running:
        _under_way(run)


def _short(ref: str) -> str:
    return ref if len(ref) <= TITLE else f"…{ref[1 - TITLE :]}"


def _answer(run: runs.RunView) -> None:
    answer = run.result.answer
    if answer is None:
        st.subheader("…" if run.running else "No answer", anchor=False)
    elif len(answer) <= BIG and "\n" not in answer.strip():
        st.subheader(plain(answer) or "(empty)", anchor=False)
    else:
        st.text(answer)


def _cost(run: runs.RunView) -> str:
    """Calls, tokens, time and money on one line, in Markdown."""
    usage, timing, calls = run.result.usage, run.result.timing, len(run.result.calls)
    parts = [f"{calls} call{'' if calls == 1 else 's'}"]
    if usage.prompt_tokens:
        parts.append(f"{usage.prompt_tokens:,} in")
    parts.append(f"{usage.completion_tokens:,} tokens out")
    if timing.total_s:
        parts.append(f"{timing.total_s:.1f} s")
    if timing.tokens_per_s is not None:
        parts.append(f"{timing.tokens_per_s:.0f} tokens/s")
    if run.cost_usd is not None:
        parts.append(f"\\${run.cost_usd:.6f}")
    return " · ".join(parts)


def _prompts(run: runs.RunView) -> None:
    """Every call as it was sent and what came back, letter by letter."""
    calls = run.result.calls
    with st.expander(
        "Prompt as sent" if len(calls) < 2 else f"Prompts as sent, {len(calls)} calls",
        type="compact",
        key=f"lab_prompts_{run.id}",
    ):
        if not calls:
            st.caption("Nothing has been sent yet.")
        for number, call in enumerate(calls, start=1):
            tokens = call.result.usage.prompt_tokens
            st.caption(f"**{number} · {plain(call.stage)}**" + (f" · {tokens:,} tokens" if tokens else ""))
            block(call.result.prompt, height=220)
            for place, completion in enumerate(call.result.completions, start=1):
                st.caption(f"Reply {place}" if len(call.result.completions) > 1 else "Reply")
                block(completion.text)


def _under_way(run: runs.RunView) -> None:
    """What the model is writing at this moment."""
    call = run.result.calls[-1] if run.result.calls else None
    if call is None or not call.result.completions:
        st.caption("Waiting for the model…" if is_loaded(run.request.model) else "Loading the model…")
        return
    if any(completion.finish_reason is None for completion in call.result.completions):
        st.caption(f":material/edit: **{plain(call.stage)}** · {_progress(call)}")
        block(call.result.completions[0].text)


def _progress(call: CallResult) -> str:
    replies = call.result.completions
    done = sum(completion.finish_reason is not None for completion in replies)
    return "writing…" if len(replies) == 1 else f"{done} of {len(replies)} answers; the first:"
