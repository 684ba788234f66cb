"""Two answers side by side, and the vote. Until then nothing here says whose they are: no name, model, setting or time.

An answer that failed says why, since there is nothing to vote on then.
"""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.evals import arena
from core.evals.arena import Match
from core.evals.arena.ballots import Outcome
from core.evals.arena.matches import LONGEST_COMMENT
from core.evals.arena.naming import about
from core.evals.compare.columns import Column
from core.evals.variant import Variant
from pages.shared.arena.session import cast, comment_key, once, stop
from pages.shared.text import plain
from pages.shared.tokens import Span, token_view

POLL_S = 0.5
CHOICES: tuple[tuple[Outcome, str, str], ...] = (
    ("left", "Left is better", ":material/arrow_back:"),
    ("right", "Right is better", ":material/arrow_forward:"),
    ("tie", "Tie", ":material/drag_handle:"),
    ("both-bad", "Both bad", ":material/thumb_down:"),
)
_SAID: dict[Outcome, str] = {
    "left": "You preferred the left answer.",
    "right": "You preferred the right answer.",
    "tie": "You called it a tie.",
    "both-bad": "You found both bad.",
}


def pair(match: Match, answers: tuple[Column, Column]) -> None:
    """Draw both answers, and the vote or what it was."""
    if any(each.running for each in answers):
        st.fragment(_poll, run_every=POLL_S)(match.id)
        return
    _sides(match, answers)
    if match.voted:
        _verdict(match)
    elif any(each.error for each in answers):
        st.warning("One side failed, so there is nothing to vote on. Begin the next pair.")
    else:
        _vote(match)


def _poll(match_id: str) -> None:
    try:
        match = arena.find(match_id)
        answers = match.answers()
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    _sides(match, answers)
    st.button("Stop both", icon=":material/stop_circle:", key=f"arena_stop_{match_id}", on_click=stop, args=(match_id,))
    if not any(each.running for each in answers):
        st.rerun()  # the whole page: there is something to vote on


def _sides(match: Match, answers: tuple[Column, Column]) -> None:
    for place, side, variant, shown in zip(
        st.columns(2, border=True), ("left", "right"), (match.left, match.right), answers, strict=True
    ):
        with place:
            _heading(match, side, variant)
            if shown.text:
                token_view(
                    [Span(shown.text)],  # whole: the browser gets no probabilities, which would tell who is who
                    label=f"Answer on the {side}",
                    key=f"arena_{side}_{match.id}",
                    shaded=False,
                    legend=False,
                    running=shown.running,
                )
            elif shown.error and not any(each.running for each in answers):
                st.error(plain(shown.error))
            elif shown.running or any(each.running for each in answers):
                st.caption("Waiting for the first word…")
            else:
                st.caption("No text came.")
            if match.voted:
                st.caption(plain(_figures(shown)))


def _heading(match: Match, side: str, variant: Variant) -> None:
    if not match.voted or match.ballot is None:
        st.markdown(f"**{side.capitalize()}**")
        return
    won = " :material/check_circle:" if match.ballot.outcome == side else ""
    st.markdown(f"**{side.capitalize()}** · {plain(variant.name)}{won}", help=plain(about(variant)))


def _figures(shown: Column) -> str:
    parts = [f"{shown.completion_tokens:,} tokens"]
    if shown.ttft_s is not None:
        parts.append(f"first after {shown.ttft_s:.2f} s")
    if shown.total_s is not None:
        parts.append(f"{shown.total_s:.1f} s in all")
    if shown.cost_usd is not None:
        parts.append(f"${shown.cost_usd:.5f}")
    return " · ".join(parts)


def _vote(match: Match) -> None:
    with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
        for outcome, label, icon in CHOICES:
            st.button(
                label, icon=icon, key=f"arena_vote_{outcome}", on_click=once(cast), args=(match.id, outcome)
            )  # fmt: skip
    st.text_input(
        "Comment",
        key=comment_key(match.id),
        max_chars=LONGEST_COMMENT,
        placeholder="Why? Optional, kept with the vote",
        label_visibility="collapsed",
    )
    st.caption("Who is who, how long it took and how it was asked is shown once you have voted.")


def _verdict(match: Match) -> None:
    if match.ballot is None:
        return
    said = _SAID[match.ballot.outcome]
    st.success(plain(f"{said} Left was {match.left.name}; right was {match.right.name}."))
