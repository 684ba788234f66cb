"""What a draft would do: rows × variants, calls that are missing, the first prompts as they are sent, and Run."""

from __future__ import annotations

import streamlit as st

from core.evals.assertion import Assertion, AssertionSet
from core.evals.running import preview
from core.evals.running.overrides import Overrides
from core.evals.running.preview import FirstRow, Look
from core.store.export import defuse
from pages.shared.documents.picker import counted
from pages.shared.evals.starting import start
from pages.shared.evals.state import Draft
from pages.shared.text import plain

POLL_S = 0.5
NOTES, BROKEN = 8, 10
VALUE_CHARACTERS = 60


def outlook(draft: Draft, said: Overrides, *, busy: bool, stamp: str) -> None:
    """Draw it.

    Args:
        draft: what would be run.
        said: what goes before its file.
        busy: whether an eval of this page runs already.
        stamp: changes when outputs may have come since the last look.
    """
    if st.session_state.get("evals_stamp") != stamp:
        st.session_state["evals_stamp"] = stamp
        preview.forget()
    pending = preview.look(draft.file, use_cache=said.use_cache)
    pending.done.wait(0.3)  # most are done by then, and nothing jumps
    if not pending.done.is_set():
        st.fragment(_wait, run_every=POLL_S)(draft, said)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if pending.found is not None:
            st.markdown(f"**{_size(draft, pending.found)}** · {_calls(pending.found)}", width="stretch")
        else:
            st.error(plain(pending.error or ""), icon=":material/error:")
        st.button(
            "Run",
            icon=":material/play_arrow:",
            key="evals_run",
            type="primary",
            disabled=busy or pending.found is None,
            help="An eval is running; wait for it or cancel it." if busy else None,
            on_click=start,
            args=(draft, said, pending.found),
        )
    if pending.found is not None:
        _details(draft, pending.found)


def _wait(draft: Draft, said: Overrides) -> None:
    if preview.look(draft.file, use_cache=said.use_cache).done.is_set():
        st.rerun()
    st.caption("Reading the rows…")


def _size(draft: Draft, look: Look) -> str:
    file = draft.file
    words = f"{counted(look.checked.rows - look.checked.broken, 'row')} × {counted(len(file.variants), 'variant')}"
    if file.repeat > 1:
        words += f" × {file.repeat} times"
    return f"{words} = {counted(look.cells, 'cell')}"


def _calls(look: Look) -> str:
    share = f"of the first {look.counted:,} cells " if look.counted < look.cells else ""
    if not look.calls:
        return f"{share}no call is missing"
    known = f", {look.cached:,} need none" if look.cached else ""
    return f"{share}{counted(look.calls, 'call')} to make{known}"


def _details(draft: Draft, look: Look) -> None:
    for name, why in look.missing.items():
        st.warning(plain(f"{name}: {why} Its cells would say so; the others run."))
    if look.checked.broken:
        st.warning(plain(f"{counted(look.checked.broken, 'row')} cannot be read and would be left out."))
        with st.expander("Which, and why", type="compact"):
            for broken in look.checked.shown[:BROKEN]:
                st.text(str(broken))
    for note in (*draft.file.notes, *look.checked.notes)[:NOTES]:
        st.caption(f":material/info: {plain(note)}")
    variants = [
        {
            "Variant": defuse(each.name),
            "Model": defuse(each.model),
            "Technique": each.technique or ("documents" if each.collection else "as it is"),
            "Settings": f"temperature {each.params.temperature:g}, at most {each.params.max_tokens} tokens",
        }
        for each in draft.file.variants
    ]
    st.dataframe(variants, hide_index=True, key="evals_variants", alt="The variants that are compared")
    if look.first:
        asked = look.first[0].row.assertions
        st.caption(f"Demanded: {plain(_demands(asked))}" if asked else "Nothing is demanded: every answer passes.")
    for place, first in enumerate(look.first):
        title = f"Row {first.row.number}: {plain(_values(first))}"
        with st.expander(title, type="compact", expanded=place == 0, key=f"evals_first_{place}"):
            _sent(first)


def _sent(first: FirstRow) -> None:
    for sent in first.sent:
        st.caption(plain(sent.variant))
        if sent.problem:
            st.error(plain(sent.problem))
        for role, text in sent.messages:
            st.code(text if role in ("user", "prompt") else f"{role}: {text}", language=None, wrap_lines=True)


def _values(first: FirstRow) -> str:
    shown = [f"{name}: {_short(value)}" for name, value in list(first.row.vars.items())[:4]]
    return first.row.description or " · ".join(shown)


def _written(value: object) -> str:
    """As a person reads it: `max 12`, `Paris, Lyon`."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= VALUE_CHARACTERS else text[: VALUE_CHARACTERS - 1] + "…"


def _demands(assertions: tuple[Assertion | AssertionSet, ...]) -> str:
    labels = []
    for each in assertions[:12]:
        if isinstance(each, AssertionSet):
            labels.append(f"{each.metric or 'a set'} ({len(each.assertions)})")
        else:
            value = "" if each.value is None else f" {_short(_written(each.value))}"
            labels.append(f"{'not-' if each.negated else ''}{each.type}{value}")
    return " · ".join(labels)
