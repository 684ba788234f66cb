"""What came of a run: base against tuned with intervals, best and worst answers, memory, and what to do next."""

from __future__ import annotations

import shlex
from typing import Any

import streamlit as st

from core.jobs import JobView
from core.models.device import gib
from core.store.export import defuse
from core.tuning import start as running
from core.tuning.request import TuneRequest
from pages.shared.text import percent, plain
from pages.shared.tuning.session import try_it

TITLES = {"accuracy": "Right labels", "f1": "Words shared with the right answer (F1)"}


def outcome(job: JobView) -> None:
    """Draw it."""
    result = job.result
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(str(result['ref']))}** is a model now", width="stretch")
            st.button(
                "Try in Playground",
                icon=":material/experiment:",
                key="tune_try_button",
                type="primary",
                on_click=try_it,
                args=(result["ref"],),
            )
        found = running.comparison(job.id) or result.get("comparison") or {}
        if found.get("metric"):
            _bars(found)
        if found.get("sentence"):
            st.markdown(plain(str(found["sentence"])))
        elif not found:
            st.caption("No row was held out, so nothing can be compared.")
        st.caption(plain(_facts(result, found)))
        if found.get("best"):
            _rows(found)


def repeat_card(request: TuneRequest) -> None:
    """Draw the command and the settings that repeat a run exactly, folded."""
    with st.expander("The command and the settings", type="compact", key="tune_repeat", on_change="rerun") as card:
        if not card.open:
            return
        st.code(shlex.join(request.command()), language=None, wrap_lines=True)
        text = request.model_dump_json(indent=2)
        st.code(text, language="json", height=280)
        st.download_button(
            "Download the settings",
            text,
            file_name=f"{request.name}.json",
            mime="application/json",
            icon=":material/download:",
            key="tune_download",
            on_click="ignore",
        )


def _bars(found: dict[str, Any]) -> None:
    import altair as alt

    values = [
        {"model": who, "score": found[who]["score"], "low": found[who]["ci95"][0], "high": found[who]["ci95"][1]}
        for who in ("base", "tuned")
    ]
    base = alt.Chart(alt.Data(values=values)).encode(y=alt.Y("model:N", title=None, sort=["base", "tuned"]))
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=alt.X("score:Q", title=TITLES.get(found["metric"], found["metric"]), scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%")),
        color=alt.Color("model:N", sort=["tuned", "base"], legend=None),
        tooltip=["model:N", *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("score", "low", "high"))],
    )  # fmt: skip
    lines = base.mark_rule(strokeWidth=1.6, color="#7d8b91").encode(x="low:Q", x2="high:Q")
    ends = base.mark_tick(thickness=1.6, color="#7d8b91", height=10)
    texts = {each["model"]: f"{each['score']:.1%} ({each['low']:.1%}–{each['high']:.1%})" for each in values}
    chart = alt.layer(bars, lines, ends.encode(x="low:Q"), ends.encode(x="high:Q")).properties(height=150)
    st.altair_chart(chart, key="tune_compared", alt="; ".join(f"{who} {text}" for who, text in texts.items()))
    st.markdown(" · ".join(f"{who} **{text}**" for who, text in texts.items()))


def _facts(result: dict[str, Any], found: dict[str, Any]) -> str:
    parts = []
    if found.get("n"):
        parts.append(f"{found['n']:,} held-out rows, 95 % intervals")
    if loss := found.get("loss"):
        parts.append(f"loss on them {loss['base']:.3f} → {loss['tuned']:.3f}")
    if result.get("trainable_parameters"):
        share = result["trainable_parameters"] / result["total_parameters"]
        parts.append(f"{result['trainable_parameters']:,} numbers trained ({percent(share)})")
    if result.get("peak_memory_bytes"):
        estimated = result.get("estimated_memory_bytes") or 0
        away = f", estimated {gib(estimated)}" if estimated else ""
        parts.append(f"peak of memory {gib(result['peak_memory_bytes'])}{away}")
    if result.get("tokens_per_s"):
        parts.append(f"{result['tokens_per_s']:,.0f} tokens/s")
    return " · ".join(parts)


def _rows(found: dict[str, Any]) -> None:
    which = st.segmented_control(
        "Rows", ["Got better", "Got worse"], default="Got better", key="tune_best", label_visibility="collapsed"
    )
    rows = found["worst"] if which == "Got worse" else found["best"]
    st.dataframe(
        [
            {
                "Row": each["number"],
                "Asked": defuse(str(each["question"])),
                "Right": defuse(str(each["target"])),
                "Base": defuse(_said(each, "base")),
                "Tuned": defuse(_said(each, "tuned")),
                "Loss before": each["base_loss"],
                "Loss after": each["tuned_loss"],
            }
            for each in rows
        ],
        hide_index=True,
        key=f"tune_rows_{which}",
        alt="Held-out rows with the right answer and what base and tuned model answered",
        column_config={
            "Row": st.column_config.NumberColumn(width=56),
            "Asked": st.column_config.TextColumn(width="large"),
            **{name: st.column_config.NumberColumn(format="%.3f", width="small")
               for name in ("Loss before", "Loss after")},
        },
    )  # fmt: skip


def _said(row: dict[str, Any], who: str) -> str:
    answer, score = row[who], row[f"{who}_score"]
    if answer is None:
        return "–"
    return f"{'✓' if score == 1 else '✗' if score == 0 else f'{score:.0%}'} {answer}" if score is not None else answer
