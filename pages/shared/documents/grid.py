"""Chunk sizes × modes as a heat map with the numbers in it. Knows nothing of how the cells were measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.shared.documents.measured import metrics_of, title_of
from pages.shared.documents.retrieval_panel import MODE_NAMES

LOW_TO_HIGH = ["#d3eaed", "#075763"]
"""The same in both themes, so that the words in the cells can be read."""


def grid(cells: Sequence[dict[str, Any]]) -> None:
    """Draw it.

    Args:
        cells: measurements, each with its `chunk_size`, `chunks` and `mode`.
    """
    import altair as alt

    metrics = metrics_of(cells[0])
    metric = st.segmented_control(
        "Metric", metrics, default=metrics[0], format_func=title_of, key="measure_grid_metric", required=True
    )
    values = [
        {
            "size": f"{cell['chunk_size']:,} tokens",
            "order": cell["chunk_size"],
            "mode": MODE_NAMES.get(cell["mode"], cell["mode"]),
            "value": cell[metric],
            "words": f"{cell[metric]:.3f}",
            "low": cell["ci95"][metric][0],
            "high": cell["ci95"][metric][1],
            "chunks": cell.get("chunks"),
        }
        for cell in cells
    ]
    middle = (min(each["value"] for each in values) + max(each["value"] for each in values)) / 2
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("size:N", sort=alt.EncodingSortField("order"), title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("mode:N", title=None, sort=list(MODE_NAMES.values())),
    )
    boxes = base.mark_rect().encode(
        color=alt.Color("value:Q", title=title_of(metric), scale=alt.Scale(zero=False, range=LOW_TO_HIGH), legend=None),
        tooltip=[
            alt.Tooltip("mode:N"),
            alt.Tooltip("size:N", title="chunk size"),
            alt.Tooltip("value:Q", title=title_of(metric), format=".4f"),
            alt.Tooltip("low:Q", title="95 % from", format=".4f"),
            alt.Tooltip("high:Q", title="to", format=".4f"),
            alt.Tooltip("chunks:Q", format=","),
        ],
    )
    words = base.mark_text(fontSize=13).encode(
        text="words:N",
        color=alt.condition(f"datum.value > {middle}", alt.value("#ffffff"), alt.value("#10171a")),
    )
    rows = len({each["mode"] for each in values})
    st.altair_chart(
        alt.layer(boxes, words).properties(height=60 + 44 * rows),
        key="measure_grid",
        alt="; ".join(f"{each['mode']}, {each['size']}: {each['words']}" for each in values),
    )
    best = max(cells, key=lambda cell: float(cell[metric]))
    low, high = best["ci95"][metric]
    st.caption(
        f"Best here: {MODE_NAMES.get(best['mode'], best['mode'])} with chunks of {best['chunk_size']:,} tokens, "
        f"{title_of(metric)} {best[metric]:.3f} ({low:.3f}–{high:.3f}). Cells inside this interval may be as good."
    )
