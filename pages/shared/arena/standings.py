"""Below the pair: ratings by topic, the votes, and the preferences to download. Not drawn while a vote is awaited."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from core.errors import LoupeError
from core.evals.arena import Ratings, ballots, preferences, ratings
from core.evals.arena.naming import about
from core.store import votes as store
from core.store.votes import VoteRecord
from pages.shared.arena.ratings_board import ratings_board
from pages.shared.text import plain

ALL_TOPICS = "All topics"
SHOWN_VOTES = 200
_TOPIC = "arena_standings_topic"
_WORDS = {"left": "left", "right": "right", "tie": "tie", "both-bad": "both bad"}


def standings() -> None:
    """Draw them."""
    try:
        topics, latest = store.topics(), store.latest_id()
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    if not latest:
        st.caption("No votes yet. After the first ones, ratings with their intervals stand here.")
        return
    total = sum(topics.values())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown("#### Ratings", width="stretch")
        chosen = st.selectbox(
            "Topic of the ratings",
            [ALL_TOPICS, *topics],
            key=_TOPIC,
            format_func=lambda name: f"{name} ({topics.get(name, total):,})",
            label_visibility="collapsed",
            width=260,
        )
    topic = None if chosen in (ALL_TOPICS, None) else chosen
    try:
        found, described = _ratings(topic, (latest, total))
        ratings_board(found, described)
        st.markdown(plain(found.sentence))
        st.caption(
            "Bradley–Terry ratings on Elo's scale: 400 points are odds of ten to one, the mean is 1000. Ties and votes "
            "that both are bad count as half a win each. Intervals are bootstrapped from the votes."
        )
        votes_place, export_place = st.tabs(["Votes", "Export"], key="arena_tab", on_change="rerun")
        if votes_place.open:
            with votes_place:
                _votes(topic)
        if export_place.open:
            with export_place:
                _export(topic)
    except LoupeError as error:
        st.error(plain(str(error)))


@st.cache_data(max_entries=32, ttl=3600, show_spinner=False)
def _ratings(topic: str | None, state: tuple[int, int]) -> tuple[Ratings, dict[str, str]]:
    """Ratings and what contestants are; computed anew when there is a vote more or less."""
    cast = list(ballots(topic))
    described: dict[str, str] = {}
    for each in cast:
        for side in (each.left, each.right):
            described.setdefault(side.contestant, about(side.variant))
    return ratings(cast), described


def _votes(topic: str | None) -> None:
    records = store.list_votes(topic=topic, limit=SHOWN_VOTES)
    st.dataframe(
        [_row(each) for each in records],
        hide_index=True,
        height=min(420, 38 + 35 * max(1, len(records))),
        alt="The latest votes",
    )
    if len(records) == SHOWN_VOTES:
        st.caption(f"The latest {SHOWN_VOTES}.")


def _row(each: VoteRecord) -> dict[str, str]:
    return {
        "When (UTC)": f"{each.created_at:%Y-%m-%d %H:%M}",
        "Topic": each.topic,
        "Question": " ".join(each.question.split())[:200],
        "Left": each.left_name,
        "Right": each.right_name,
        "Better": _WORDS.get(each.outcome, each.outcome),
        "Comment": each.comment,
    }


def _export(topic: str | None) -> None:
    taken = preferences(ballots(topic))
    st.markdown(plain(taken.sentence))
    st.caption(
        "JSON Lines with prompt, chosen and rejected as conversations, as TRL's DPOTrainer reads them. From the shell: "
        "`loupe eval votes --export preferences.jsonl`"
    )
    st.download_button(
        "Preferences (JSONL)",
        data=lambda: "".join(_lines(topic)).encode(),
        file_name="preferences.jsonl",
        mime="application/x-ndjson",
        icon=":material/download:",
        key="arena_export",
        on_click="ignore",
        disabled=not taken.rows,
    )


def _lines(topic: str | None) -> Iterator[str]:
    return preferences(ballots(topic)).lines()
