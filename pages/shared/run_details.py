"""One stored run in full: figures, settings, versions, and every text as it is. Knows nothing of how it is listed."""

from __future__ import annotations

import json

import streamlit as st

from core.generation.params import SamplingParams
from core.generation.runs import RunView
from core.store.runs import RunRecord
from pages.shared.text import plain


def run_details(record: RunRecord, view: RunView) -> None:
    """Draw it. Texts go into code blocks: nothing that a model or a person wrote is read as Markdown or HTML."""
    request, result = view.request, view.result
    st.subheader(plain(record.title or "(empty prompt)"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "pages/try/playground.py",
            label="Open in Playground",
            icon=":material/experiment:",
            query_params={"run": record.id},
        )
        if record.parent:
            st.page_link(
                "pages/try/playground.py",
                label="Open the run it came from",
                icon=":material/account_tree:",
                query_params={"run": record.parent},
            )
    if result.error:
        st.error(plain(result.error), title=record.status.capitalize())
    st.caption(" · ".join(_figures(view)))
    turns, answers = st.columns(2)
    with turns:
        st.markdown("**Prompt**")
        if request.mode == "completion":
            st.code(request.prompt, language=None, wrap_lines=True)
        for message in request.messages:
            st.caption(message.role)
            st.code(message.content, language=None, wrap_lines=True)
    with answers:
        st.markdown("**Answer**" if len(result.completions) < 2 else "**Answers**")
        for number, completion in enumerate(result.completions, start=1):
            st.caption(f"{number} · {completion.finish_reason or 'running'}")
            st.code(request.answer_text + completion.text, language=None, wrap_lines=True)
    with st.expander("Settings and versions", icon=":material/tune:"):
        neutral = SamplingParams()
        changed = {name: value for name, value in request.params if value != getattr(neutral, name)}
        settings = {"model": result.model or record.model, "mode": request.mode, **changed, "seed": result.seed}
        st.code(json.dumps(settings, indent=2, ensure_ascii=False), language="json", wrap_lines=True)
        st.caption("Settings that are not listed were neutral.")
        st.code(json.dumps(json.loads(record.versions), indent=2), language="json")


def _figures(view: RunView) -> list[str]:
    usage, timing = view.result.usage, view.result.timing
    figures = [f"{usage.completion_tokens:,} tokens out"]
    if usage.prompt_tokens is not None:
        figures.insert(0, f"{usage.prompt_tokens:,} tokens in")
    if timing.ttft_s is not None:
        figures.append(f"first token after {timing.ttft_s:.2f} s")
    if timing.tokens_per_s is not None:
        figures.append(f"{timing.tokens_per_s:.1f} tokens/s")
    if view.result.seed is not None:
        figures.append(f"seed {view.result.seed}")
    if view.cost_usd is not None:
        figures.append(f"\\${view.cost_usd:.6f}")
    return figures
