"""Cost against score, with the line of those that nothing cheaper beats.

Reads a `Summary`. Knows nothing of prices.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.evals.results import Summary, VariantScore, pareto_line
from pages.shared.text import plain

GREY = "#7d8b91"
"""Can be read on light and on dark ground."""
Cost = Callable[[VariantScore], float | None]
COSTS: dict[str, tuple[str, Cost]] = {
    "Cost": ("US $ per 1,000 answers", lambda each: None if each.cost is None else 1000 * each.cost / each.answers),
    "Time": ("seconds per answer", lambda each: each.seconds / each.answers),
    "Tokens": ("tokens per answer, prompt included", lambda each: each.tokens / each.answers),
}
"""Calls without an answer cost too, and what they cost is part of the price of those that came."""


def cost_plot(found: Summary) -> None:
    """Draw it."""
    answered = [each for each in found.variants if each.score is not None]
    if not answered:
        st.caption("The plot appears with the first answers.")
        return
    priced = [name for name, (_, cost) in COSTS.items() if all(cost(each) is not None for each in answered)]
    what = st.segmented_control("Against", priced, default=priced[0], key="results_cost", required=True) or priced[0]
    title, cost = COSTS[what]
    points = [(float(cost(each) or 0.0), float(each.score or 0.0)) for each in answered]
    line = pareto_line(points)
    _chart(answered, points, line, title)
    worth = "; ".join(answered[place].name for place in line)
    st.caption(f"On the line is what nothing cheaper is as good as: {plain(worth)}.")


def _chart(answered: list[VariantScore], points: list[tuple[float, float]], line: list[int], title: str) -> None:
    import altair as alt

    values = [
        {"name": e.name, "cost": x, "passed": y, "low": e.ci95[0], "high": e.ci95[1], "worth": place in line}
        for place, (e, (x, y)) in enumerate(zip(answered, points, strict=True))
    ]
    dearest = max(x for x, _ in points)
    least = min(each.ci95[0] for each in answered)
    most = max(each.ci95[1] for each in answered)
    scale = alt.Scale(domain=[max(0.0, least - 0.05), min(1.0, most + 0.05)], zero=False)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "cost:Q",
            title=title,
            axis=alt.Axis(tickCount=8),
            scale=alt.Scale(domain=[0, dearest * 1.2 or 1.0], nice=False),
        ),
        y=alt.Y("passed:Q", title="passed", axis=alt.Axis(format=".0%"), scale=scale),
        tooltip=[
            alt.Tooltip("name:N", title="variant"),
            alt.Tooltip("cost:Q", title=title, format=".4~g"),
            alt.Tooltip("passed:Q", format=".1%"),
        ],
    )
    steps = alt.Chart(alt.Data(values=[values[place] for place in line])).mark_line(
        interpolate="step-after", strokeDash=[5, 4], color=GREY
    )
    layers = [
        steps.encode(x="cost:Q", y="passed:Q"),
        base.mark_rule(color=GREY).encode(y=alt.Y("low:Q", scale=scale, title="passed"), y2="high:Q"),
        base.mark_point(size=90, filled=True, opacity=1).encode(
            shape=alt.Shape("worth:N", scale=alt.Scale(domain=[True, False], range=["circle", "square"]), legend=None),
            opacity=alt.condition("datum.worth", alt.value(1), alt.value(0.55)),
        ),
        base.mark_text(align="left", dx=9, dy=-8, limit=220, fontSize=12, fontWeight=600, color=GREY).encode(
            text="name:N"
        ),
    ]
    st.altair_chart(
        alt.layer(*layers).properties(height=300),
        key="results_cost_plot",
        alt="; ".join(f"{each['name']}: {each['passed']:.1%} at {each['cost']:.4g} {title}" for each in values),
    )
