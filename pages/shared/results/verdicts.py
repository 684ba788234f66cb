"""What every assertion said of a cell, why, and how a judge came to it: its prompt and what it wrote.

Texts go into code blocks or are escaped. Knows nothing of how assertions judge.
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.evals.assertion import Verdict
from core.store.evals import CellRecord
from pages.shared.lab.blocks import block
from pages.shared.text import plain

REASON = 2000
LONG = 80
"""Texts longer than this get a block of their own."""
JUDGED = ("judge", "prompt", "replies", "orders")


def verdicts(cell: CellRecord) -> None:
    """Draw them in order."""
    found = [Verdict.model_validate(each) for each in json.loads(cell.verdicts)]
    if not found:
        st.caption("Nothing was demanded of it." if cell.error is None else "Nothing was judged.")
    with st.container(gap="xsmall"):
        for verdict in found:
            _verdict(verdict)


def _verdict(verdict: Verdict, depth: int = 0) -> None:
    sign = ":orange[:material/help:]" if verdict.error else ":blue[✓]" if verdict.passed else ":orange[✗]"
    title = ("↳ " if depth else "") + plain(verdict.label or "assertion")
    extra = [] if verdict.score in (0.0, 1.0) else [f"{verdict.score:.3g}"]
    if verdict.weight == 0:
        extra.append("measured only")
    elif verdict.weight != 1:
        extra.append(f"weight {verdict.weight:g}")
    more = f" ({plain(', '.join(extra))})" if extra else ""
    said = verdict.error or verdict.reason
    st.markdown(f"{sign} **{title}**{more} {plain(said[:REASON])}")
    if verdict.details:
        judged = any(name in verdict.details for name in JUDGED)
        with st.expander("How the judge came to it" if judged else "Details", type="compact"):
            _details(verdict.details)
    for part in verdict.parts:
        _verdict(part, depth + 1)


def _details(details: dict[str, Any]) -> None:
    rest = dict(details)
    if orders := rest.pop("orders", None):
        for number, order in enumerate(orders, start=1):
            st.markdown(f"**Order {number}**")
            if isinstance(order, dict):
                _consulted(dict(order))
    if "replies" in rest or "prompt" in rest:
        rest = _consulted(rest)
    for name in [name for name, value in rest.items() if isinstance(value, str) and len(value) > LONG]:
        st.caption(plain(name))
        block(rest.pop(name))
    if rest:
        block(json.dumps(rest, ensure_ascii=False, indent=1, default=str), "json")


def _consulted(details: dict[str, Any]) -> dict[str, Any]:
    """Draw what a judge was asked and wrote; what is left."""
    asked, replies = details.pop("prompt", None) or [], details.pop("replies", None) or []
    details.pop("kept", None)
    for message in asked if isinstance(asked, list) else [{"role": "user", "content": asked}]:
        st.caption(plain(f"The judge was asked ({message.get('role', '')})"))
        block(str(message.get("content", "")), height=220 if len(str(message.get("content", ""))) > 700 else "content")
    for number, reply in enumerate(replies):
        st.caption("The judge wrote" if not number else "and, asked again")
        block(str(reply))
    facts = [str(details.pop("judge", "") or "")]
    facts.append(f"{details.pop('tokens', 0):,} tokens")
    facts.append(f"{details.pop('seconds', 0.0):.2f} s")
    if (cost := details.pop("cost_usd", None)) is not None:
        facts.append(f"${cost:.6f}")
    st.caption(plain(" · ".join(each for each in facts if each)))
    return details
