"""Sizes of chunks as a histogram, with the line beyond which the embedding model reads nothing.

Knows nothing of how anything was cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

BINS = 24


def histogram(tokens: Sequence[int], limit: int | None, key: str) -> None:
    """Draw it.

    Args:
        tokens: of every chunk.
        limit: most tokens that the embedding model reads; `None` when nobody knows.
        key: Streamlit key.
    """
    import altair as alt

    top = max([*tokens, 1])
    wide = max(1, -(-top // BINS))
    counts: dict[int, int] = {}
    for size in tokens:
        counts[(size - 1) // wide] = counts.get((size - 1) // wide, 0) + 1
    rows = [
        {
            "from": place * wide + 1,
            "to": (place + 1) * wide,
            "left": place * wide + 0.5,
            "right": (place + 1) * wide + 0.5,
            "chunks": number,
        }
        for place, number in sorted(counts.items())
    ]
    end = max(top + wide, (limit or 0) * 1.08 if limit and top > limit * 0.5 else 0)
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(stroke=None)
        .encode(
            x=alt.X("left:Q", title="tokens of a chunk", scale=alt.Scale(domain=[0, end], nice=False)),
            x2="right:Q",
            y=alt.Y("chunks:Q", title="chunks", axis=alt.Axis(tickMinStep=1, format="d", tickCount=4)),
            tooltip=[
                alt.Tooltip("from:Q", title="tokens from"),
                alt.Tooltip("to:Q", title="to"),
                alt.Tooltip("chunks:Q", title="chunks"),
            ],
        )
    )
    layers: list[alt.Chart] = [bars]
    if limit and limit <= end:
        mark = alt.Chart(alt.Data(values=[{"limit": limit, "words": f"{limit} read at most"}]))
        layers.append(mark.mark_rule(strokeDash=[5, 3], strokeWidth=1.5, color="#b35806").encode(x="limit:Q"))
        layers.append(
            mark.mark_text(align="right", dx=-5, y=8, color="#b35806", fontSize=11).encode(x="limit:Q", text="words:N")
        )
    over = sum(size > (limit or top) for size in tokens)
    st.altair_chart(
        alt.layer(*layers).properties(height=130),
        key=key,
        alt=f"{len(tokens)} chunks of {min(tokens, default=0)} to {top} tokens; {over} longer than the model reads",
    )
