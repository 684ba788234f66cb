"""One column of Ask: an answer as it comes, polled while it is being written, and everything it stands on.

Top to bottom: how it stands, the answer with its citations, what it cost, the passages, the context budget, the prompt.
Knows nothing of how the run came about; of the column beside it only the passages that it found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import streamlit as st

from core.documents.answering import Passage, runs
from core.documents.answering.markers import markers
from core.documents.answering.refusal import REFUSAL
from pages.shared.documents.answer_view import Part, answer_view
from pages.shared.documents.ask_session import Column, column_of, open_passage, opened, stop
from pages.shared.documents.budget_bar import budget_bar
from pages.shared.documents.passages import passage_list
from pages.shared.documents.retrieval_panel import retrieval_words
from pages.shared.lab.blocks import block
from pages.shared.model_picker import is_loaded
from pages.shared.text import plain

POLL_S = 0.4
_STATUS = {
    "running": ("Running", ":material/progress_activity:", "primary"),
    "finished": ("Finished", ":material/check:", "gray"),
    "cancelled": ("Stopped", ":material/stop_circle:", "orange"),
    "interrupted": ("Interrupted", ":material/power_off:", "orange"),
    "failed": ("Failed", ":material/error:", "red"),
}
_REASONS = {
    "no passages": "No passage is close enough to the question, so the model was not asked.",
    "the model": "The model read the passages and said that they do not answer.",
    "no support": "Nothing of what the model said is in the passages.",
}


def answer_column(shown: Column, title: str, others: Sequence[Passage] | None = None) -> None:
    """Draw it.

    Args:
        shown: the answer's run.
        title: what stands above it.
        others: the passages that it is compared with, to show what moved; `None`: show no moves.
    """
    with st.container(horizontal=True, vertical_alignment="center", height=36, border=False, wrap=False):
        st.markdown(f"**{plain(title)}**", width="stretch")
        if shown.run:
            words, icon, colour = _STATUS[shown.run.status]
            if shown.running:
                st.button("Stop", key=f"ask_stop_{shown.run.id}", type="tertiary", on_click=stop, args=(shown.run.id,))
            else:
                st.badge(words, icon=icon, color=colour)
    if shown.run is None:
        st.error(plain(shown.problem or "This answer cannot be shown."))
    elif shown.running:
        st.fragment(_poll, run_every=POLL_S)(shown.run.id, others, opened())
    else:
        outcome(shown.run, others)


def _poll(run_id: str, others: Sequence[Passage] | None, drawn_with: tuple[str, int] | None) -> None:
    now = column_of(run_id)
    if now.run is None:
        st.error(plain(now.problem or "This answer cannot be shown."))
        return
    outcome(now.run, others)
    if not now.running or opened() != drawn_with:
        st.rerun()  # the whole page: Stop is over, or a passage is to be opened beside this


def outcome(run: runs.RunView, others: Sequence[Passage] | None = None) -> None:
    """The answer and all it stands on."""
    result = run.result
    chosen = opened()
    number = chosen[1] if chosen and chosen[0] == run.id else None
    if result.refused:
        _refusal(run)
    elif result.answer or result.said:
        key = f"ask_answer_{run.id}"
        answer_view(
            parts(run),
            label="Answer",
            key=key,
            chosen=number,
            running=run.running and not result.answer,
            on_choose=_chooser(key, run.id),
        )
    elif run.running:
        st.caption(_waiting(run))
    else:
        st.caption("There is no answer.")
    if result.error:
        st.error(plain(result.error))
    if run.unsaved:
        st.warning(plain(run.unsaved))
    st.caption(_cost(run))
    if result.question:
        st.caption(f":material/manage_search: Searched for: {plain(result.question)}")
    if run.request.with_documents:
        passage_list(run, number, lambda n: open_passage(run.id, n), others)
        budget_bar(run)
    _prompts(run)


def parts(run: runs.RunView) -> list[Part]:
    """The answer cut at its citations, sentences without support marked, Loupe's own citations added."""
    result = run.result
    answer = result.answer or result.said
    passages = {each.n: each for each in result.passages if each.used}
    support = result.support
    found = markers(answer, len(passages)) if passages else []
    # (where, order, citation): a citation of Loupe's stands after its sentence
    edges = {0, len(answer), *(each.start for each in found), *(each.end for each in found)}
    edges |= {edge for each in support for edge in (each.start, each.end)}
    cuts = sorted(edge for edge in edges if 0 <= edge <= len(answer))
    pieces: list[Part] = []
    for start, end in pairwise(cuts):
        marker = next((each for each in found if each.start <= start < each.end), None)
        if marker is None:
            doubtful = any(each.claim and not each.supported and each.start <= start < each.end for each in support)
            text = answer[start:end]
            pieces.append(Part(text, doubtful=doubtful and bool(text.strip()), about=_doubt() if doubtful else ""))
        elif marker.start == start:
            pieces += [Part(cites=n, about=passages[n].where if n in passages else "") for n in marker.numbers]
            pieces += [Part(cites=n, bad=True, about="There is no such passage.") for n in marker.unknown]
        for each in support:
            if each.end == end and each.supported and each.n and each.n in passages and each.n not in each.cites:
                about = f"{passages[each.n].where}. Found by Loupe: the model did not cite it."
                pieces.append(Part(cites=each.n, about=about))
    return pieces


def _doubt() -> str:
    return "Nothing in the passages supports this sentence."


def _chooser(key: str, run_id: str) -> Callable[[], None]:
    def choose() -> None:
        open_passage(run_id, st.session_state[key].chosen)

    return choose


def _refusal(run: runs.RunView) -> None:
    reason = run.result.refused or ""
    with st.container(border=True, gap="small"):
        st.markdown(f":material/block: **{plain(REFUSAL)}**")
        st.caption(_REASONS.get(reason, plain(reason)))
        if run.result.said.strip():
            with st.expander("What the model said", type="compact", key=f"ask_said_{run.id}"):
                block(run.result.said)


def _waiting(run: runs.RunView) -> str:
    kinds = {step.kind for step in run.result.steps}
    if run.request.with_documents and "passages" not in kinds:
        return "Searching…"
    if not is_loaded(run.request.model):
        return "Loading the model…"
    return "Waiting for the first word…"


def _cost(run: runs.RunView) -> str:
    """Settings, tokens and time on one line, in Markdown."""
    usage, timing, result = run.result.usage, run.result.timing, run.result
    lines = [retrieval_words(run.request.retrieval)] if run.request.with_documents else []
    if usage.prompt_tokens:
        lines.append(f"{usage.prompt_tokens:,} tokens in")
    lines.append(f"{usage.completion_tokens:,} out")
    if timing.total_s:
        lines.append(f"{timing.total_s:.1f} s")
    if result.groundedness is not None and not result.refused:
        claims = [each for each in result.support if each.claim]
        lines.append(f"{sum(each.supported for each in claims)} of {len(claims)} sentences supported")
    if run.cost_usd is not None:
        lines.append(f"\\${run.cost_usd:.6f}")
    return " · ".join(lines)


def _prompts(run: runs.RunView) -> None:
    calls = run.result.calls
    with st.expander("Prompt as sent", type="compact", key=f"ask_prompt_{run.id}"):
        if not calls:
            st.caption("Nothing was sent to the model." if not run.running else "Nothing has been sent yet.")
        for call in calls:
            if len(calls) > 1:
                st.caption(f"**{plain(call.stage)}**")
            block(call.result.prompt, height=260)
            if call.stage != "answer":
                st.caption("Reply")
                block("".join(completion.text for completion in call.result.completions))
