"""One cell in full: output, verdicts with their reasons, steps, prompt; and a person's word instead of the verdict.

Texts go into code blocks: nothing that a model, a judge or a data set wrote is read as Markdown or HTML.
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.evals.output import Output
from core.evals.results import Summary, open_ledger
from core.store import evals
from core.store.evals import CellRecord, EvalRecord
from pages.shared.lab.blocks import block
from pages.shared.results.state import ERROR, Opened, open_cell
from pages.shared.results.verdicts import verdicts
from pages.shared.text import plain

REASON = 2000
NO_VERDICT = {"error": "no answer", "unjudged": "no verdict"}


def cell_details(record: EvalRecord, found: Summary, opened: Opened, numbers: tuple[int, ...]) -> None:
    """Draw it.

    Args:
        record: the eval.
        found: its summary.
        opened: the cell.
        numbers: rows that the table shows, on all its pages, for the way to the next one.

    Raises:
        NotFound: there is no such cell.
        StoreError: the store cannot be read.
    """
    cell = evals.cell(record.id, opened.row, opened.variant, opened.repeat)
    _bar(found, opened, numbers)
    output = Output.model_validate_json(evals.outputs([cell.output]).get(cell.output or "", "{}"))
    row = next(iter(evals.rows_of(record.id, [opened.row])), None)
    _status(cell)
    if cell.error is not None:
        st.error(plain(cell.error))
    if cell.answered or output.text:
        block(output.text or "(nothing)", height=260 if len(output.text) > 900 else "content")
    st.caption(plain(" · ".join(_facts(cell, output))))
    verdicts(cell)
    _person(record.id, cell)
    if output.steps:
        # imported only here: a page without an open cell is in sight a quarter of a second earlier
        from core.techniques import StepResult
        from pages.shared.lab.steps import steps

        with st.expander(f"Steps ({len(output.steps)})", type="compact"):
            steps([StepResult.model_validate(each) for each in output.steps])
    if output.prompt:
        with st.expander("Prompt as it was sent", type="compact"):
            block(output.prompt)
    if row is not None and row.vars:
        with st.expander("Variables", type="compact"):
            for name, value in row.vars.items():
                st.caption(plain(name))
                block(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1))


def _bar(found: Summary, opened: Opened, numbers: tuple[int, ...]) -> None:
    before = max((number for number in numbers if number < opened.row), default=None)
    after = min((number for number in numbers if number > opened.row), default=None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Row {opened.row}**", width="stretch")
        for key, icon, words, number in (
            ("previous", "arrow_upward", "Previous row", before),
            ("next", "arrow_downward", "Next row", after),
        ):
            st.button(
                words,
                key=f"results_{key}",
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=number is None,
                on_click=open_cell,
                args=(Opened(number or 0, opened.variant, 0),),
            )
        st.button(
            "Close", key="results_close", icon=":material/close:", type="tertiary", on_click=open_cell, args=(None,)
        )
    key = f"results_variant_{opened}"
    st.segmented_control(
        "Variant",
        range(len(found.names)),
        default=opened.variant,
        format_func=lambda place: plain(found.names[place]),
        key=key,
        label_visibility="collapsed",
        required=True,
        wrap=True,
        on_change=lambda: open_cell(Opened(opened.row, int(st.session_state[key] or 0), opened.repeat)),
    )
    if found.repeat > 1:
        again = f"results_repeat_{opened}"
        st.segmented_control(
            "Repeat",
            range(found.repeat),
            default=opened.repeat,
            format_func=lambda number: str(number + 1),
            key=again,
            required=True,
            on_change=lambda: open_cell(Opened(opened.row, opened.variant, int(st.session_state[again] or 0))),
        )


def _status(cell: CellRecord) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if cell.status in NO_VERDICT:
            st.badge(NO_VERDICT[cell.status], icon=":material/error:", color="orange")
        elif cell.holds:
            st.badge("passed", icon=":material/check:", color="blue")
        else:
            st.badge("failed", icon=":material/close:", color="orange")
        if cell.override is not None:
            said = "no verdict" if cell.error is not None else "passed" if cell.passed else "failed"
            st.badge(f"by a person; assertions: {said}", color="gray")


def _facts(cell: CellRecord, output: Output) -> list[str]:
    facts = [f"score {cell.score:.3g}"] if cell.error is None else []
    if cell.prompt_tokens is not None:
        facts.append(f"{cell.prompt_tokens:,} tokens in")
    facts.append(f"{cell.completion_tokens:,} out")
    facts.append(f"{cell.seconds:.2f} s")
    if cell.cost_usd is not None:
        facts.append(f"${cell.cost_usd:.6f}")
    if output.finish_reason:
        facts.append(f"ended by {output.finish_reason}")
    if cell.cached:
        facts.append("from the cache")
    return facts


def _person(eval_id: str, cell: CellRecord) -> None:
    """A person's word: it counts instead of the assertions', in every figure, until it is taken back."""
    if cell.override is not None:
        said = plain(cell.override_reason or "no reason given")
        when = f"{cell.override_at:%Y-%m-%d %H:%M} UTC" if cell.override_at else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"A person says **{'passed' if cell.override else 'failed'}**: {said} · {when}", width="stretch"
            )
            st.button("Undo", key="results_undo", icon=":material/undo:", on_click=_say, args=(eval_id, cell, None))
        return
    if not cell.answered:
        return
    others = [True, False] if cell.error is not None else [not cell.passed]
    with st.popover("Overrule…", icon=":material/gavel:"), st.form("results_override", border=False):
        st.text_input("Why", key="results_reason", max_chars=REASON, placeholder="a reason for whoever reads it later")
        for passed in others:
            words = f"Count it as {'passed' if passed else 'failed'}"
            st.form_submit_button(words, on_click=_say, args=(eval_id, cell, passed))


def _say(eval_id: str, cell: CellRecord, passed: bool | None) -> None:
    reason: Any = st.session_state.get("results_reason") or ""
    try:
        evals.override(eval_id, cell.row, cell.variant, cell.repeat, passed, str(reason)[:REASON])
        open_ledger(eval_id)  # what was read a moment ago is no longer true
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
