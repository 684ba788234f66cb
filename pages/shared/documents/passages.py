"""The passages of one answer: number, place, score, the rank at every stage; what was left out, and why.

Beside another column, what moved: ▲2 two ranks up, ▼1 one down, new, gone. Knows nothing of the answer's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.documents.answering import runs
from core.documents.answering.passages import Passage
from pages.shared.text import plain

MOST = 20
"""Passages with a line of their own."""


def passage_list(
    run: runs.RunView, chosen: int | None, open_it: Callable[[int], None], others: Sequence[Passage] | None
) -> None:
    """Draw it.

    Args:
        run: the answer.
        chosen: number of the opened passage.
        open_it: called with a passage's number when somebody opens it.
        others: passages of the answer that this one is compared with; `None`: show no moves.
    """
    passages = run.result.passages
    used = [each for each in passages if each.used]
    data = _step(run, "passages")
    dropped = [each for each in data.get("below", ()) if isinstance(each, dict)]
    if not passages and not dropped:
        if not run.running:
            st.caption("No passage was found.")
        return
    with st.container(gap=None):
        st.caption(f"**Passages** · {len(used)} read of {len(passages)} found" + _seconds(data))
        moves = {} if others is None else moved(ranks(passages), ranks(others))
        for passage in passages[:MOST]:
            _line(run, passage, chosen, open_it, moves.get(passage.id, ""))
        if len(passages) > MOST:
            st.caption(f"{len(passages) - MOST:,} more are in the run's export.")
        own = ranks(passages)
        gone = [
            f"{each.where} (was {ordinal(rank)})" for rank, each in enumerate(others or (), 1) if each.id not in own
        ]
        if gone:
            st.caption(f"**Gone** · {plain(', '.join(gone[:MOST]))}")
        if dropped:
            with st.expander(f"Dropped before the answer, {len(dropped)}", type="compact", key=f"ask_drop_{run.id}"):
                for each in dropped[:50]:
                    st.caption(f"**{plain(each.get('source', ''))}** · {plain(each.get('reason', ''))}")


def ranks(passages: Sequence[Passage]) -> dict[int, int]:
    """Rank of every chunk, from 1."""
    return {passage.id: place for place, passage in enumerate(passages, start=1)}


def moved(own: Mapping[int, int], others: Mapping[int, int]) -> dict[int, str]:
    """How each chunk's rank differs from the other column's: `▲2`, `▼1`, `=`, `new`."""
    found = {}
    for chunk, rank in own.items():
        up = others[chunk] - rank if chunk in others else None
        found[chunk] = "new" if up is None else "=" if up == 0 else f"▲{up}" if up > 0 else f"▼{-up}"
    return found


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    last = 0 if 10 < number % 100 < 14 else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def stage_words(stages: Mapping[str, Mapping[str, float]], *, scores: bool = False) -> str:
    """`similarity 1st, keyword 3rd`; with `scores` their scores too."""
    found = []
    for name, values in stages.items():
        if "rank" not in values:
            continue
        words = f"{name} {ordinal(int(values['rank']))}"
        found.append(f"{words} ({values['score']:.3g})" if scores and "score" in values else words)
    return ", ".join(found)


def _line(run: runs.RunView, passage: Passage, chosen: int | None, open_it: Callable[[int], None], move: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.button(
            f"{passage.n}",
            key=f"ask_passage_{run.id}_{passage.n}",
            help="Open it where it stands in its document",
            type="primary" if passage.n == chosen else "secondary",
            on_click=open_it,
            args=(passage.n,),
        )
        parts = [f"**{plain(passage.where)}**"]
        if move:
            parts.append(f":blue[{move}]" if move[0] == "▲" else move if move == "=" else f":orange[{move}]")
        parts.append(f"{passage.score:.3f}")
        if words := stage_words(passage.stages):
            parts.append(plain(words))
        if passage.tokens:
            parts.append(f"{passage.tokens:,} tokens")
        if passage.why:
            parts.append(f":orange[{'left out' if not passage.used else 'shortened'}]: {plain(passage.why)}")
        st.caption(" · ".join(parts), width="stretch")


def _seconds(data: Mapping[str, Any]) -> str:
    seconds = (data.get("timing") or {}).get("search_s")
    if not seconds:
        return ""
    return f" · searched in {seconds * 1000:.0f} ms" if seconds < 1 else f" · searched in {seconds:.1f} s"


def _step(run: runs.RunView, kind: str) -> dict[str, Any]:
    return next((step.data for step in reversed(run.result.steps) if step.kind == kind), {})
