"""The conversation: past turns, and the answer of the shown run as it grows.

Whatever a person or a model wrote is shown as plain text, never as Markdown: Markdown can load a picture from a
stranger's server. Knows nothing of how a run came about or where forks lead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.events import FinishReason
from core.generation import runs
from core.generation.result import TokenResult
from pages.shared.model_picker import state_of
from pages.shared.session import CHOSEN, once, start
from pages.shared.text import plain
from pages.shared.tokens import Span, token_view

POLL_S = 0.3
SHADED = "play_shaded"
"""Session key of the switch for the shading of tokens."""
AVATARS = {"user": ":material/person:", "assistant": ":material/smart_toy:"}
_ENDINGS: dict[FinishReason, str] = {
    "stop": "ended by itself",
    "length": "cut at max tokens",
    "cancelled": "stopped",
    "interrupted": "interrupted",
    "content_filter": "withheld by the endpoint",
}
_UNFINISHED = ("length", "cancelled", "interrupted")


def past_turns(run: runs.RunView) -> None:
    """Every message of the request; a user's can be edited and sent again."""
    for place, message in enumerate(run.request.messages):
        if message.role == "system":
            continue
        with (
            st.chat_message(message.role, avatar=AVATARS[message.role]),
            st.container(horizontal=True, vertical_alignment="top"),
        ):
            st.text(message.content, width="stretch")
            if message.role == "user":
                _edit(run, place, message.content)


def answers(
    run: runs.RunView, parent: runs.RunView | None, go_on: Callable[[runs.RunView, int], None] | None = None
) -> None:
    """The run's answers, polled while they are being written; a fork stands beside the answer it left.

    Args:
        run: the shown run.
        parent: the run it forked from, `None` when it is no fork or the parent is gone.
        go_on: continues an unfinished answer of the run, given by its number; `None` where that is not offered.
    """
    if run.running:
        st.fragment(_poll, run_every=POLL_S)(run.id, parent)
    else:
        _draw(run, parent, go_on)


def spans(run: runs.RunView, sample: int, fork_at: int | None = None) -> list[Span]:
    """What the token view shows for one answer.

    Args:
        run: any run, finished or not.
        sample: which of its answers.
        fork_at: characters of `request.answer_text` that both branches share; what follows is the token of the fork.
    """
    request, completion = run.request, run.result.completions[sample]
    pieces = [Span(request.prompt, kind="given")] if request.mode == "completion" else []
    if request.answer_text:
        shared = len(request.answer_text) if fork_at is None else fork_at
        pieces += [Span(request.answer_text[:shared], kind="given"), Span(request.answer_text[shared:], kind="fork")]
    text = own_text(run, sample)
    if not completion.tokens:
        return [*(piece for piece in pieces if piece.text), Span(text)]
    shown = 0
    for index, token in enumerate(completion.tokens):
        # a stop string is never shown, though its tokens are there
        visible = text[shown : shown + len(token.text)]
        shown += len(visible)
        if token.special:
            pieces.append(Span(token.special, probability(token), index, "special"))
        elif visible:
            pieces.append(Span(visible, probability(token), index))
    return [piece for piece in pieces if piece.text]


def own_text(run: runs.RunView, sample: int) -> str:
    """The text that this run generated, without what its answer began with."""
    return run.result.completions[sample].text


def whole_text(run: runs.RunView, sample: int) -> str:
    """The whole answer, with what it began with."""
    return run.request.answer_text + own_text(run, sample)


def probability(token: TokenResult) -> float | None:
    """Under the model before the samplers, 0–1."""
    return None if token.logprob is None else math.exp(min(0.0, token.logprob))


def fork_place(run: runs.RunView, parent: runs.RunView) -> tuple[int, int] | None:
    """Where a fork left its parent: (sample, token index), or `None` when it did not, as when it just goes on."""
    began = len(parent.request.answer_ids)
    given = list(run.request.answer_ids[began:])
    shared = given[:-1]
    originals = [[token.id for token in completion.tokens] for completion in parent.result.completions]
    if not given or given in originals:
        return None
    for sample, ids in enumerate(originals):
        if ids[: len(shared)] == shared and len(ids) > len(shared):
            return sample, len(shared)
    return None


def text_before(run: runs.RunView, sample: int, index: int) -> str:
    """The answer up to, not including, token `index`."""
    tokens = run.result.completions[sample].tokens[:index]
    return run.request.answer_text + "".join(token.text for token in tokens)


def statistics(run: runs.RunView) -> str:
    """Tokens, times and cost on one line, in Markdown."""
    usage, timing = run.result.usage, run.result.timing
    parts = []
    if usage.prompt_tokens is not None:
        parts.append(f"{usage.prompt_tokens:,} tokens in")
    parts.append(f"{usage.completion_tokens:,} out")
    if timing.ttft_s is not None:
        parts.append(f"first token {timing.ttft_s:.2f} s")
    if timing.tokens_per_s is not None:
        parts.append(f"{timing.tokens_per_s:.1f} tokens/s")
    if run.cost_usd is not None:
        parts.append(f"\\${run.cost_usd:.6f}")
    if run.result.seed is not None and not run.request.params.greedy:
        parts.append(f"seed {run.result.seed}")
    return " · ".join(parts)


def _poll(run_id: str, parent: runs.RunView | None) -> None:
    try:
        run = runs.get(run_id)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    _draw(run, parent)
    if not run.running:
        st.rerun()  # the whole page: Stop goes, Regenerate comes


def _draw(
    run: runs.RunView, parent: runs.RunView | None, go_on: Callable[[runs.RunView, int], None] | None = None
) -> None:
    place = fork_place(run, parent) if parent else None
    if parent is None or place is None:
        with _speaker(run):
            _own_answers(run, None, go_on)
        return
    sample, index = place
    original, fork = st.columns(2, gap="medium", border=True)
    with original:
        st.caption(f"Original · forked at token {index + 1}")
        _answer(parent, sample, marked=index)
    with fork:
        st.caption("Fork")
        _own_answers(run, len(text_before(parent, sample, index)), go_on)


def _speaker(run: runs.RunView) -> Any:
    return (
        st.chat_message("assistant", avatar=AVATARS["assistant"])
        if run.request.mode == "chat"
        else st.container(border=True)
    )


def _own_answers(run: runs.RunView, fork_at: int | None, go_on: Callable[[runs.RunView, int], None] | None) -> None:
    if run.running and not any(completion.tokens or completion.text for completion in run.result.completions):
        _waiting(run)
    for sample in range(len(run.result.completions)):
        if len(run.result.completions) > 1:
            st.caption(f"Answer {sample + 1} of {len(run.result.completions)}")
        _answer(run, sample, fork_at=fork_at)
        if go_on and run.result.completions[sample].tokens and _unfinished(run, sample):
            st.button(
                "Continue",
                icon=":material/resume:",
                key=f"play_go_on_{run.id}_{sample}",
                help="Go on from its last token, with the settings as they are now",
                on_click=once(go_on),
                args=(run, sample),
            )
    if run.result.error:
        st.error(plain(run.result.error))
    if run.unsaved:
        st.warning(plain(run.unsaved))
    if not run.running or run.result.usage.completion_tokens:
        st.caption(statistics(run))


def _unfinished(run: runs.RunView, sample: int) -> bool:
    return run.result.completions[sample].finish_reason in _UNFINISHED


def _waiting(run: runs.RunView) -> None:
    """What a run without a token is waiting for, as far as anybody can tell."""
    entry = state_of(run.request.model)
    if not run.result.completions and (entry is None or entry.state != "ready"):
        st.markdown("Loading the model…")
        if run.request.model.startswith("smollm2"):
            st.caption("The bundled weights are unpacked once, on their first use; that takes about 15 seconds.")
        return
    st.markdown("Waiting for the first token…")
    if entry and entry.in_use > 1:
        st.caption("The model is at work on other answers too; this one may be in their queue.")


def _answer(run: runs.RunView, sample: int, fork_at: int | None = None, marked: int | None = None) -> None:
    completion = run.result.completions[sample]
    key = f"play_tokens_{run.id}_{sample}"
    chosen = st.session_state.get(CHOSEN)
    pieces = spans(run, sample, fork_at)
    if marked is not None:
        pieces = [
            Span(piece.text, piece.probability, piece.index, "fork") if piece.index == marked else piece
            for piece in pieces
        ]
    if not pieces and not run.running:
        st.caption("The answer is empty: the model ended it at once.")
    token_view(
        pieces,
        label=f"Answer {sample + 1}, token by token",
        key=key,
        shaded=st.session_state.get(SHADED, True),
        chosen=chosen[2] if chosen and chosen[:2] == (run.id, sample) else None,
        legend=marked is None and sample == len(run.result.completions) - 1,  # once, below the last
        running=run.running and completion.finish_reason is None and bool(pieces),
        on_choose=None if run.running else _chooser(key, run.id, sample),
    )
    if completion.finish_reason and completion.finish_reason != "stop":
        st.caption(_ENDINGS[completion.finish_reason].capitalize() + ".")


def _chooser(key: str, run_id: str, sample: int) -> Callable[[], None]:
    def choose() -> None:
        picked = (run_id, sample, st.session_state[key].chosen)
        st.session_state[CHOSEN] = None if st.session_state.get(CHOSEN) == picked else picked

    return choose


def _edit(run: runs.RunView, place: int, text: str) -> None:
    key = f"play_edit_{run.id}_{place}"
    with st.popover(":material/edit:", type="tertiary", key=f"{key}_open", help="Edit and send again"):
        st.text_area("Message", text, key=key, height=160)
        st.button(
            "Send again",
            key=f"{key}_send",
            type="primary",
            disabled=run.running,
            on_click=once(_resend),
            args=(run, place, key),
        )


def _resend(run: runs.RunView, place: int, key: str) -> None:
    earlier = [message.model_dump() for message in run.request.messages[:place]]
    start(
        mode="chat",
        messages=[*earlier, {"role": "user", "content": st.session_state[key]}],
        top_logprobs=run.request.top_logprobs,
        parent=run.id,
    )
