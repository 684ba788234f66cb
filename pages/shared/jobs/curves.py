"""The metrics of a job as small line charts, one for each name."""

from __future__ import annotations

import streamlit as st

from core.jobs import MetricRow
from pages.shared.text import plain

CHARTS = 12
POINTS = 500
"""Most points of a chart: more than it has pixels."""


def curves(rows: list[MetricRow]) -> None:
    """Draw them, in the order in which the job told of them first."""
    series: dict[str, dict[int, float]] = {}
    for row in rows:  # an attempt that came to a step again says how it truly went
        series.setdefault(row.name, {})[row.step] = row.value
    if not series:
        return
    columns = st.columns(2 if len(series) > 1 else 1)
    for place, (name, values) in enumerate(list(series.items())[:CHARTS]):
        with columns[place % len(columns)]:
            _chart(name, values)
    if len(series) > CHARTS:
        st.caption(f"{len(series) - CHARTS} more curves are not drawn; loupe jobs show has their last values.")


def _chart(name: str, values: dict[int, float]) -> None:
    steps = sorted(values)
    last = steps[-1]
    st.markdown(f"{plain(name)}: **{values[last]:.4g}** at step {last:,}")
    if len(steps) < 2:
        return
    every = -(-len(steps) // POINTS)
    chosen = [*steps[:-1:every], last]
    st.vega_lite_chart(
        [{"step": step, "value": values[step]} for step in chosen],
        {
            "mark": {"type": "line", "tooltip": True},
            "encoding": {
                "x": {"field": "step", "type": "quantitative", "axis": {"format": ",d", "tickMinStep": 1}},
                # not from 0: a loss that falls from 2.31 to 2.29 shall be seen to fall
                "y": {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}},
            },
        },
        height=160,
    )
