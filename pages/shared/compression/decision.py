"""The table that decides: every measured model on a line, each figure against the first model's, and a plot.

Reads the plain data of the job "measure-models". Knows nothing of measuring.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.store.export import defuse
from pages.shared.compression.pareto import pareto_chart
from pages.shared.compression.words import megabytes, names_of
from pages.shared.text import plain

Row = dict[str, Any]


def decision(result: dict[str, Any]) -> None:
    """Draw it; nothing while no model has been measured."""
    rows: list[Row] = result.get("rows") or []
    if not rows:
        return
    names = names_of([str(row["ref"]) for row in rows])
    st.dataframe(
        [_cells(row, names) for row in rows],
        hide_index=True,
        key="compress_table",
        alt="; ".join(f"{names[row['ref']]}: perplexity {figure(row['perplexity'])}" for row in rows),
        column_config={
            "Perplexity": st.column_config.TextColumn(help="How many next tokens it hesitates between: less is better"),
            "Bits a byte": st.column_config.TextColumn(
                help="The same surprise by bytes of text: comparable between models with different vocabularies."
            ),
            "Accuracy": st.column_config.TextColumn(help="Share of the eval's rows that pass, with its 95 % interval."),
            "In memory": st.column_config.TextColumn(help="Weights and buffers after it has computed something."),
            "Bits a weight": st.column_config.TextColumn(help="Stored bits of all tensors by the numbers it has."),
            "Runs as": st.column_config.TextColumn(help="What computes it, and in which precision."),
            "Reads/s": st.column_config.TextColumn(help="Tokens of a prompt a second, one sequence."),
            "Writes/s": st.column_config.TextColumn(help="Tokens a second, one sequence, greedily."),
            "Loads": st.column_config.TextColumn(help="Seconds, files in the disk cache, libraries imported before."),
        },
    )
    st.caption(plain(_terms(result, rows)))
    if found := result.get("eval"):
        st.page_link(
            "pages/evaluate/results.py",
            label="Every answer behind the accuracy, and paired tests",
            icon=":material/open_in_new:",
            query_params={"eval": found["id"]},
        )
    for row in rows:
        for note in row.get("notes") or ():
            st.caption(f":material/info: {plain(names[row['ref']])}: {plain(str(note))}.")
    if len(rows) > 1:
        pareto_chart(rows, names)


def figure(value: float | None) -> str:
    """Four digits; infinity where it was too large to keep."""
    return "∞" if value is None or value == float("inf") else f"{value:,.4g}"


def _cells(row: Row, names: dict[str, str]) -> dict[str, str]:
    ratios = row.get("against_first") or {}

    def times(name: str, text: str) -> str:
        ratio = ratios.get(name)
        return text if ratio is None or ratio == 1 else f"{text} ({_ratio(ratio)}×)"

    def rate(name: str) -> str:
        return "–" if row.get(name) is None else times(name, f"{row[name]:,.{0 if row[name] >= 100 else 1}f}")

    return {
        "Model": defuse(names[row["ref"]]),
        "Perplexity": times("perplexity", figure(row["perplexity"])),
        "Bits a byte": times("bits_per_byte", figure(row["bits_per_byte"])),
        **({"Accuracy": _accuracy(row["accuracy"])} if "accuracy" in row else {}),
        "On disk": times("size_bytes", megabytes(row["size_bytes"])),
        "In memory": times("memory_bytes", megabytes(row["memory_bytes"])),
        "Bits a weight": f"{row['bits_per_weight']:.2f}",
        "Runs as": defuse(f"{row['engine']}, {row['dtype']}"),
        "Reads/s": rate("prefill_tokens_per_s"),
        "Writes/s": rate("tokens_per_s"),
        "Loads": times("load_s", f"{row['load_s']:.2f} s"),
    }


def _accuracy(score: dict[str, Any]) -> str:
    if score["share"] is None:
        return "no answer"
    low, high = score["ci95"]
    return f"{score['share']:.0%} ({low:.0%}–{high:.0%})"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 10 else f"{value:.3g}"


def _terms(result: dict[str, Any], rows: list[Row]) -> str:
    counted = sorted({row["perplexity_tokens"] for row in rows})
    tokens = f"{counted[0]:,}" if len(counted) == 1 else f"{counted[0]:,} to {counted[-1]:,}"
    return (
        f"{result['text']}: {tokens} tokens counted, window {result['window']:,}, stride {result['stride']:,}; speed "
        f"after a prompt of {result['prompt_tokens']:,} tokens. In brackets: times the first model's figure. Timings "
        "on a machine that does something else besides are worth little."
    )
