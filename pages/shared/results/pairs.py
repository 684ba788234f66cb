"""Every pair of variants: the difference with its interval, the corrected p, and a verdict in words; and assertions.

Reads a `Summary`. Knows nothing of tests.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.evals.results import Summary
from core.statistics import Pair
from core.store.export import defuse
from pages.shared.text import plain

PASSED, SCORE = "Passed", "Mean score"


def pairs_table(found: Summary) -> None:
    """Draw a line for every pair."""
    if not found.pairs:
        st.caption("Pairs need two variants.")
        return
    shown, what = found.pairs, PASSED
    if found.score_pairs:
        what = st.segmented_control(
            "Compare by", [PASSED, SCORE], default=PASSED, key="results_pairs_by", required=True
        )
        shown = found.score_pairs if what == SCORE else found.pairs
    unit = "points" if what == PASSED else "hundredths"
    st.dataframe(
        [_line(pair, found.names) for pair in shown],
        hide_index=True,
        key=f"results_pairs_{what}",
        alt="Pairs of variants with their difference, its interval, the corrected p and a verdict",
        column_config={
            "A − B": st.column_config.NumberColumn(format="%+.1f", help=f"In {unit}, on the rows that both answered."),
            "p": st.column_config.TextColumn(help="Paired by row, corrected for all pairs (Holm)."),
            "Better in A": st.column_config.NumberColumn(help="Rows in which A has more than B.", format="localized"),
            "Better in B": st.column_config.NumberColumn(help="Rows in which B has more than A.", format="localized"),
            "Verdict": st.column_config.TextColumn(width="large"),
        },
    )
    st.caption(
        "Paired by row: McNemar's exact test where every row passed or failed, a sign-flip test of shares and scores. "
        "Decisive: p below 5 % after correction for all pairs, on at least 15 rows."
    )


def _line(pair: Pair, names: list[str]) -> dict[str, Any]:
    return {
        "A": defuse(names[pair.a]),
        "B": defuse(names[pair.b]),
        "A − B": 100 * pair.difference,
        "95 %": f"{100 * pair.ci95[0]:.1f} to {100 * pair.ci95[1]:.1f}",
        "p": "< 0.001" if pair.p_holm < 0.001 else f"{pair.p_holm:.3f}",
        "Better in A": pair.a_better,
        "Better in B": pair.b_better,
        "Verdict": pair.outcome,
    }


def assertions_table(found: Summary) -> None:
    """Draw the mean score of every single assertion, a column each."""
    names = list(dict.fromkeys(each.name for variant in found.variants for each in variant.metrics))
    if not names:
        st.caption("No assertion has said anything yet.")
        return
    lines = []
    for variant in found.variants:
        by_name = {each.name: each for each in variant.metrics}
        line: dict[str, Any] = {"Variant": defuse(variant.name)}
        for name in names:
            each = by_name.get(name)
            line[name] = each and f"{each.mean:.3f}  ({each.ci95[0]:.3f} – {each.ci95[1]:.3f})"
        lines.append(line)
    st.dataframe(
        lines,
        hide_index=True,
        key="results_assertions",
        placeholder="–",
        alt="Mean score of every assertion by variant, with its 95 % interval",
    )
    st.caption("Mean score from 0 to 1 with its 95 % interval, before any person's word.")
    flips = {each.name: each.flipped for variant in found.variants for each in variant.metrics}
    for name, share in flips.items():
        if share is not None:
            said = f"{name}: the judge's choice changed with the order of the outputs in {share:.0%} of the rows."
            st.caption(plain(said))
