"""The context window as one bar: wording and question, passages, room kept for the answer, what is free.

Knows nothing of how passages were fitted into it.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.documents.answering import runs
from core.documents.answering.budget import Budget


def budget_bar(run: runs.RunView) -> None:
    """Draw it with its numbers, once the passages are fitted."""
    data = next((step.data.get("budget") for step in reversed(run.result.steps) if step.data.get("budget")), None)
    if not data:
        return
    budget = Budget(**data)
    shares = parts(budget)
    if not shares or run.running:
        return
    import altair as alt

    window = sum(tokens for _, tokens in shares)
    values = [{"part": name, "tokens": tokens, "order": place} for place, (name, tokens) in enumerate(shares)]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height=12)
        .encode(
            x=alt.X("tokens:Q", stack="zero", scale=alt.Scale(domain=[0, window], nice=False), axis=None),
            color=alt.Color(
                "part:N",
                sort=[name for name, _ in shares],
                legend=None,
                scale=alt.Scale(domain=[name for name, _ in shares], range=_colours()),
            ),
            order="order:Q",
            tooltip=[alt.Tooltip("part:N", title="for"), alt.Tooltip("tokens:Q", format=",")],
        )
        .properties(height=16, padding=0)
    )
    about = "about " if budget.estimated else ""
    words = " · ".join(f"{name} {about}{tokens:,}" for name, tokens in shares)
    st.altair_chart(chart, key=f"ask_budget_{run.id}", alt=f"Context window of {window:,} tokens: {words}")
    st.caption(f"Context window {window:,} tokens: {words}")


def parts(budget: Budget) -> list[tuple[str, int]]:
    """What the window's tokens go to, in order; empty when nobody knows the window."""
    if budget.context_length is None:
        return []
    rest, used = budget.rest or 0, budget.used or 0
    free = max(0, budget.context_length - rest - used - budget.max_tokens)
    return [("wording and question", rest), ("passages", used), ("answer at most", budget.max_tokens), ("free", free)]


def _colours() -> list[Any]:
    return ["#8a979c", "#188393", "#d08a00", "#8884"]
