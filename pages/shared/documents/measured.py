"""What measuring found: a table and bars with 95 % intervals for every mode, and the questions that went wrong.

Reads the plain data of `Measured.as_json`. Knows nothing of searching.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.store.export import defuse
from pages.shared.documents.passages import ordinal
from pages.shared.documents.retrieval_panel import MODE_NAMES
from pages.shared.text import plain

TITLES = {"ndcg": "nDCG", "mrr": "MRR", "recall": "Recall", "hit": "Hit"}
HELP = {
    "ndcg": "Relevant documents near the top count more; 1 is the best possible order.",
    "mrr": "1 over the rank of the first relevant document, on average.",
    "recall": "Share of all relevant documents that is among the first k.",
    "hit": "Share of questions with any relevant document among the first k.",
}
MOST_FAILURES = 500
Row = dict[str, Any]


def metrics_of(row: Row) -> list[str]:
    """Names of the metrics in a measurement, such as `ndcg@10`."""
    return [name for name in row if name.partition("@")[0] in TITLES and "@" in name]


def title_of(metric: str) -> str:
    """`nDCG@10`."""
    name, _, k = metric.partition("@")
    return f"{TITLES.get(name, name)}@{k}"


def measured_table(rows: Sequence[Row]) -> None:
    """Draw a line for every mode."""
    if not rows:
        return
    metrics = metrics_of(rows[0])
    drawn = []
    for row in rows:
        line: dict[str, Any] = {"Mode": named(row)}
        for metric in metrics:
            low, high = row["ci95"][metric]
            line[title_of(metric)] = f"{row[metric]:.3f}  ({low:.3f}–{high:.3f})"
        line["ms per query"] = row["ms_per_query"]
        drawn.append(line)
    st.dataframe(
        drawn,
        hide_index=True,
        key="measure_table",
        alt="Retrieval quality by mode, each with its 95 % interval, and milliseconds per query",
        column_config={
            **{
                title_of(metric): st.column_config.TextColumn(help=HELP[metric.partition("@")[0]]) for metric in metrics
            },
            "ms per query": st.column_config.NumberColumn(format="%.1f", help="Median of some questions, one by one."),
        },
    )
    st.caption(
        f"{rows[0]['n']:,} questions. In brackets the 95 % bootstrap interval of the mean: where two overlap widely, "
        "these questions do not tell the two apart."
    )


def measured_chart(rows: Sequence[Row]) -> None:
    """Draw bars with intervals, a panel a metric."""
    import altair as alt

    values = [
        {
            "mode": named(row),
            "metric": title_of(metric),
            "value": row[metric],
            "low": row["ci95"][metric][0],
            "high": row["ci95"][metric][1],
        }
        for row in rows
        for metric in metrics_of(row)
    ]
    order = [named(row) for row in rows]
    base = alt.Chart().encode(y=alt.Y("mode:N", sort=order, title=None, axis=alt.Axis(labelLimit=160)))
    bars = base.mark_bar(height={"band": 0.62}).encode(
        x=alt.X("value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, 0.5, 1], format=".1f")),
        color=alt.Color("mode:N", sort=order, legend=None),
        tooltip=[
            alt.Tooltip("mode:N"),
            alt.Tooltip("metric:N"),
            alt.Tooltip("value:Q", format=".4f"),
            alt.Tooltip("low:Q", format=".4f"),
            alt.Tooltip("high:Q", format=".4f"),
        ],
    )
    lines = base.mark_rule(strokeWidth=1.6, color="#7d8b91").encode(x="low:Q", x2="high:Q")
    ends = base.mark_tick(thickness=1.6, color="#7d8b91", height=9)
    chart = (
        alt.layer(bars, lines, ends.encode(x="low:Q"), ends.encode(x="high:Q"))
        .properties(width=172, height=max(40, 30 * len(rows)))
        .facet(
            column=alt.Column("metric:N", title=None, sort=[title_of(metric) for metric in metrics_of(rows[0])]),
            data=alt.Data(values=values),
        )
    )
    st.altair_chart(chart, key="measure_chart", width="content", alt=_told(rows))


def failures(rows: Sequence[Row]) -> None:
    """Draw the questions where a mode missed a relevant document, and where that came."""
    place = st.selectbox(
        "Questions that went wrong with",
        range(len(rows)),
        format_func=lambda number: named(rows[number]),
        key=f"measure_failures_{len(rows)}",
        width=320,
    )
    items = [each for each in rows[place or 0].get("items", ()) if _first(each) != 1]
    if not items:
        st.caption("None: every question found a relevant document first.")
        return
    items.sort(key=lambda each: (_first(each) is not None, -(_first(each) or 0)))
    st.dataframe(
        [
            {
                "Question": defuse(str(each["text"])),
                "First relevant": "not found" if (rank := _first(each)) is None else ordinal(rank),
                "Expected": defuse(", ".join(each["relevant"][:5])),
                "Came first": defuse(str(each["ranking"][0]) if each["ranking"] else "nothing"),
            }
            for each in items[:MOST_FAILURES]
        ],
        hide_index=True,
        key=f"measure_failures_table_{place}",
        alt="Questions whose first document was not a relevant one",
        column_config={"Question": st.column_config.TextColumn(width="large")},
    )
    st.caption(f"{len(items):,} of {rows[place or 0]['n']:,} questions did not find a relevant document first.")


def named(row: Row) -> str:
    """What a measurement is called: its mode, and the reranker."""
    settings = row.get("settings") or {}
    mode = MODE_NAMES.get(row["mode"], row["mode"])
    return f"{mode}, reranked" if settings.get("rerank") else str(mode)


def _first(item: Row) -> int | None:
    """Rank of the first relevant document, `None` when none was found."""
    return next((rank for rank, each in enumerate(item["ranking"], start=1) if each in set(item["relevant"])), None)


def _told(rows: Sequence[Row]) -> str:
    return "; ".join(f"{plain(named(row))}: {title_of(m)} {row[m]:.3f}" for row in rows for m in metrics_of(row)[:1])
