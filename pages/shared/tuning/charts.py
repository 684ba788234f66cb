"""Curves of one run or of several over each other: loss, held-out loss, learning rate, gradient, speed, memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import jobs
from pages.shared.text import plain

POINTS = 400
SMOOTH, SMOOTH_FROM = 0.85, 40
LOSS, HELD_OUT = "loss", "eval loss"
Curves = Mapping[str, Mapping[int, float]]
"""By name of the metric: values by step."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart."""

    title: str
    metric: str
    format: str
    scale: float = 1.0


PANELS = (
    Panel("Learning rate", "learning rate", ".2g"),
    Panel("Gradient norm", "gradient norm", ".3g"),
    Panel("Tokens a second", "tokens/s", ",.0f"),
    Panel("Memory (GiB)", "memory", ".2f", 1 / 2**30),
)


def curves_of(job_id: str) -> Curves:
    """A run's metrics; a further attempt's value of a step counts.

    Raises:
        StoreError: the store cannot be read.
    """
    found: dict[str, dict[int, float]] = {}
    for row in jobs.metrics(job_id):
        found.setdefault(row.name, {})[row.step] = row.value
    return found


def charts(runs: Mapping[str, Curves], *, key: str) -> None:
    """Draw all charts.

    Args:
        runs: curves by the run's name; the first one is the shown run.
        key: Streamlit key.
    """
    first = next(iter(runs.values()))
    if not first.get(LOSS):
        st.caption("Curves begin with the first update.")
        return
    _facts(first)
    _loss(runs, key)
    with st.container(horizontal=True):
        columns = st.columns(len(PANELS))
        for column, panel in zip(columns, PANELS, strict=True):
            with column:
                _panel(panel, runs, key)


def _facts(curves: Curves) -> None:
    parts = []
    for name, words, form in (
        (LOSS, "loss", ".4g"),
        (HELD_OUT, "held-out loss", ".4g"),
        ("tokens/s", "tokens/s", ",.0f"),
    ):
        if values := curves.get(name):
            parts.append(f"{words} **{format(values[max(values)], form)}**")
    if memory := curves.get("memory"):
        parts.append(f"memory **{memory[max(memory)] / 2**30:.2f} GiB**")
    st.markdown(f"Step {max(curves[LOSS]):,}: " + " · ".join(parts))


def _loss(runs: Mapping[str, Curves], key: str) -> None:
    import altair as alt

    several = len(runs) > 1
    values: list[dict[str, Any]] = []
    for run, curves in runs.items():
        for name, kind in ((LOSS, "trained rows"), (HELD_OUT, "held-out rows")):
            values += [
                {"run": run, "kind": kind, "step": step, "value": value}
                for step, value in _thinned(_smooth(curves.get(name, {})) if name == LOSS else curves.get(name, {}))
            ]
    legend = alt.Legend(title=None, orient="top", labelLimit=320)
    kinds = ["trained rows", "held-out rows"]
    colour = alt.Color("run:N", sort=list(runs), legend=legend)
    if not several:
        colour = alt.Color("kind:N", sort=kinds, legend=legend)
    dash = alt.StrokeDash("kind:N", sort=kinds, legend=legend)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("step:Q", title="update", axis=alt.Axis(format=",d", tickMinStep=1)),
        y=alt.Y("value:Q", title="loss", scale=alt.Scale(zero=False)),
        color=colour,
        tooltip=["run:N", "kind:N", "step:Q", alt.Tooltip("value:Q", format=".4f")],
    )
    lines = base.mark_line(strokeWidth=1.8).encode(strokeDash=dash)
    points = base.transform_filter("datum.kind == 'held-out rows'").mark_point(filled=True, size=45)
    chart = (lines + points).properties(height=290)
    told = "; ".join(f"{plain(run)}: {_told(curves)}" for run, curves in runs.items())
    st.altair_chart(chart, key=f"{key}_loss", alt=f"Loss by update. {told}")


def _panel(panel: Panel, runs: Mapping[str, Curves], key: str) -> None:
    import altair as alt

    values = [
        {"run": run, "step": step, "value": value * panel.scale}
        for run, curves in runs.items()
        for step, value in _thinned(curves.get(panel.metric, {}))
    ]
    st.caption(panel.title)
    if len(values) < 2:
        st.caption("–")
        return
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(strokeWidth=1.4)
        .encode(
            x=alt.X("step:Q", title=None, axis=alt.Axis(format=",d", tickMinStep=1, tickCount=4)),
            y=alt.Y(
                "value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=panel.format, tickCount=4)
            ),
            color=alt.Color("run:N", sort=list(runs), legend=None),
            tooltip=["run:N", "step:Q", alt.Tooltip("value:Q", format=panel.format)],
        )
        .properties(height=130)
    )
    st.altair_chart(chart, key=f"{key}_{panel.metric}", alt=f"{panel.title} by update")


def _thinned(values: Mapping[int, float]) -> list[tuple[int, float]]:
    steps = sorted(values)
    every = -(-len(steps) // POINTS) or 1
    return [(step, values[step]) for step in [*steps[:-1:every], *steps[-1:]]]


def _smooth(values: Mapping[int, float]) -> dict[int, float]:
    """A moving average where there are many noisy steps."""
    if len(values) < SMOOTH_FROM:
        return dict(values)
    found: dict[int, float] = {}
    weighted = weight = 0.0
    for step in sorted(values):
        weighted = SMOOTH * weighted + (1 - SMOOTH) * values[step]
        weight = SMOOTH * weight + (1 - SMOOTH)
        found[step] = weighted / weight
    return found


def _told(curves: Curves) -> str:
    parts = []
    for name, words in ((LOSS, "trained rows"), (HELD_OUT, "held-out rows")):
        if values := curves.get(name):
            parts.append(f"{words} from {values[min(values)]:.3g} to {values[max(values)]:.3g}")
    return ", ".join(parts) or "nothing yet"
