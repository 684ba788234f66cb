"""The leaderboard: a line a variant with a bar, its 95 % interval on it, and every figure beside them.

A component of our own: bars and figures stand in one table, and nothing heavy is loaded before the first rows are in
sight. All text reaches the browser as data and is put on the page with `textContent`. Knows nothing of how figures are
computed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core.evals.results import Summary, VariantScore
from pages.shared.text import plain

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_board",
    html='<div class="frame"><table><thead></thead><tbody></tbody></table></div>\n',
    css=(_HERE / "board.css").read_text("utf-8"),
    js=(_HERE / "board.js").read_text("utf-8"),
)
NOTHING = "–"


def board(found: Summary) -> None:
    """Draw it, best first."""
    graded = any(each.mean_score not in (None, each.score) for each in found.variants)
    priced = any(each.cost is not None for each in found.variants)
    heads = ["Answers", *(["No verdict"] if found.unjudged else []), "Errors"]
    heads += [*(["By a person"] if found.overridden else []), "Tokens", "s per answer"]
    heads = [*(["Mean score"] if graded else []), *heads, *(["Cost"] if priced else [])]
    _COMPONENT(
        key="results_board",
        data={
            "label": "Variants, best first: share that passed with its interval, and other figures",
            # tuples: for anything else Streamlit imports pandas to see whether it is a data frame
            "heads": tuple(heads),
            "rows": tuple(_line(each, heads) for each in found.leaderboard),
        },
    )
    notes = ["Passed: the share of answers that met every demand, with its 95 % interval."]
    if found.repeat > 1:
        notes.append("A row that was asked several times counts as one observation.")
    if found.errors:
        notes.append("Calls without an answer are left out of every score.")
    if found.unjudged:
        notes.append("So are answers without a verdict, such as of a judge that did not reply.")
    if any(each.level and each.rank != 1 for each in found.variants):
        notes.append("≈: the first is not decisively better than this one.")
    st.caption(plain(" ".join(notes)))


def _line(each: VariantScore, heads: list[str]) -> dict[str, Any]:
    figures = {
        "Mean score": _mean(each),
        "Answers": f"{each.answers:,}",
        "No verdict": f"{each.unjudged:,}",
        "Errors": f"{each.errors:,}",
        "By a person": f"{each.overridden:,}",
        "Tokens": f"{each.tokens:,}",
        "s per answer": f"{each.seconds / each.answers:.2f}" if each.answers else NOTHING,
        "Cost": NOTHING if each.cost is None else f"${each.cost:.4f}",
    }
    return {
        "rank": str(each.rank or NOTHING) + (" ≈" if each.level and each.rank != 1 else ""),
        "name": each.name,
        "model": "" if each.model == each.name else each.model,
        "share": each.score,
        "ci": list(each.ci95),
        "figures": [figures[head] for head in heads],
    }


def _mean(each: VariantScore) -> str:
    if each.mean_score is None:
        return NOTHING
    return f"{each.mean_score:.3f} ({each.mean_ci95[0]:.3f} – {each.mean_ci95[1]:.3f})"
