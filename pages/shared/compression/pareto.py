"""Perplexity against what a model costs, with the Pareto line: models that no other beats in both at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

COSTS = {
    "Size on disk (MB)": ("size_bytes", 1e6),
    "Memory (MB)": ("memory_bytes", 1e6),
    "Bits a weight": ("bits_per_weight", 1.0),
}
GRAY = "#7d8b91"
NEAR_ACROSS, NEAR_UP = 0.25, 0.12
"""Shares of the plot within which two labels would run into each other."""
KINDS = ["best at its cost", "another is cheaper and better"]


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which points no other beats: none is as low in both coordinates and lower in one; by the first coordinate.

    Args:
        points: (cost, perplexity); less is better in both.
    """
    best = math.inf
    kept = []
    for place in sorted(range(len(points)), key=lambda number: points[number]):
        if points[place][1] < best:
            kept.append(place)
            best = points[place][1]
    return kept


def labels_above(points: Sequence[tuple[float, float]]) -> list[bool]:
    """For each point whether its label stands above it, or below since more neighbours' are there.

    Args:
        points: (cost, perplexity).
    """
    costs, surprises = [cost for cost, _ in points], [math.log(perplexity) for _, perplexity in points]
    wide, tall = (max(costs) - min(costs)) * NEAR_ACROSS, (max(surprises) - min(surprises)) * NEAR_UP
    above = [True] * len(points)
    placed: list[int] = []
    for place in sorted(range(len(points)), key=lambda number: (costs[number], -surprises[number])):
        near = [
            above[other]
            for other in placed
            if abs(costs[place] - costs[other]) <= wide and abs(surprises[place] - surprises[other]) <= tall
        ]
        above[place] = near.count(True) <= near.count(False)
        placed.append(place)
    return above


def pareto_chart(rows: Sequence[dict[str, Any]], names: dict[str, str]) -> None:
    """Draw it; models without a finite perplexity are left out and named."""
    import altair as alt

    packed_at_load = any("quantize=" in row["ref"] for row in rows)  # their files are whole: memory tells
    chosen = st.segmented_control(
        "Against", list(COSTS), default=list(COSTS)[packed_at_load], key="compress_cost", required=True
    )
    title = chosen if chosen in COSTS else next(iter(COSTS))
    field, unit = COSTS[title]
    drawn = [row for row in rows if row["perplexity"] is not None and math.isfinite(row["perplexity"])]
    values: list[dict[str, Any]] = [
        {"model": names[row["ref"]], "cost": row[field] / unit, "perplexity": row["perplexity"]} for row in drawn
    ]
    if not values:
        st.caption("No model has a finite perplexity.")
        return
    line = pareto([(each["cost"], each["perplexity"]) for each in values])
    above = labels_above([(each["cost"], each["perplexity"]) for each in values])
    for place, each in enumerate(values):
        each |= {"kind": KINDS[place not in line], "above": above[place]}
    least, most = min(each["cost"] for each in values), max(each["cost"] for each in values)
    low, high = min(each["perplexity"] for each in values), max(each["perplexity"] for each in values)
    spread = (most - least) or most
    x = alt.X("cost:Q", title=title, scale=alt.Scale(domain=[least - 0.08 * spread, most + 0.22 * spread], nice=False))
    wide = high > 4 * low
    scale = alt.Scale(type="log", domain=[low / 1.25, high * 1.25]) if wide else alt.Scale(zero=False, padding=24)
    y = alt.Y("perplexity:Q", title="perplexity" + (" (logarithmic)" if wide else ""), scale=scale)
    base = alt.Chart(alt.Data(values=values)).encode(x=x, y=y)
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=KINDS), legend=alt.Legend(title=None, orient="top",
                                                                                   labelLimit=400)),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=KINDS)),
        tooltip=["model:N", alt.Tooltip("cost:Q", title=title, format=",.4g"),
                 alt.Tooltip("perplexity:Q", format=",.4g")],
    )  # fmt: skip
    labels = [
        base.transform_filter(f"datum.above == {side}")
        .mark_text(align="left", dx=9, dy=offset, color=GRAY, fontSize=12)
        .encode(text="model:N")
        for side, offset in (("true", -9), ("false", 11))
    ]
    steps = (
        alt.Chart(alt.Data(values=[values[place] for place in line]))
        .mark_line(interpolate="step-after", strokeDash=[5, 4], strokeWidth=1.4, color=GRAY)
        .encode(x=x, y=y)
    )
    chart = alt.layer(steps, points, *labels).properties(height=340)
    told = ", ".join(f"{each['model']} {each['perplexity']:.4g}" for each in values)
    st.altair_chart(chart, key="compress_pareto", alt=f"Perplexity against {title}: {told}")
    left = [names[row["ref"]] for row in rows if row not in drawn]
    said = "Dashed: the Pareto line. Above it, another model costs no more and predicts better."
    st.caption(said + (f" {len(left)} without a finite perplexity are not drawn." if left else ""))
