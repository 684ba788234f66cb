"""Sizes of chunks as a histogram, with the line beyond which the embedding model reads nothing.

Knows nothing of how anything was cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.documents.splitting import Bin


def histogram(bins: Sequence[Bin], limit: int | None, key: str) -> None:
    """Draw it.

    Args:
        bins: how many chunks there are of which size.
        limit: most tokens of a chunk that the embedding model reads; `None` when nobody knows.
        key: Streamlit key.
    """
    import altair as alt

    rows = [
        {"from": each.low, "to": each.high, "left": each.low - 0.5, "right": each.high + 0.5, "chunks": each.count}
        for each in bins
    ]
    top = max((each.high for each in bins if each.count), default=1)
    end = max(top + 1, (limit or 0) * 1.08 if limit and top > limit * 0.5 else 0)
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_rect()
        .encode(
            x=alt.X("left:Q", title="tokens of a chunk", scale=alt.Scale(domain=[0, end], nice=False)),
            x2="right:Q",
            y2=alt.datum(0),
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
    st.altair_chart(
        alt.layer(*layers).properties(height=130),
        key=key,
        alt="Sizes of chunks: "
        + ", ".join(f"{each.count} of {each.low} to {each.high} tokens" for each in bins if each.count),
    )
