"""Rivals of a token, and forks: the same answer continued with a rival in its place.

A fork is a run whose request begins with the shared tokens and the rival, and whose parent is the run it left. Nothing
else is kept, so its link alone rebuilds both branches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import streamlit as st

from core.errors import LoupeError
from core.generation import runs
from core.generation.request import GenerationRequest
from core.generation.result import TokenChoice, TokenResult
from core.models.capabilities import Capabilities
from pages.shared.bars import Rest, Row, bars
from pages.shared.conversation import text_before
from pages.shared.session import CHOSEN, MODEL, once, start
from pages.shared.text import plain, visible


def chosen_token(run: runs.RunView, parent: runs.RunView | None) -> tuple[runs.RunView, int, int] | None:
    """The chosen token as (run, sample, index), if it is on the page."""
    picked = st.session_state.get(CHOSEN)
    for each in (run, parent):
        if each is None or not picked or each.id != picked[0]:
            continue
        sample, index = picked[1], picked[2]
        if sample < len(each.result.completions) and index < len(each.result.completions[sample].tokens):
            return each, sample, index
    return None


def parent_of(run: runs.RunView) -> runs.RunView | None:
    """The run that a fork left, or `None` when it is no fork or its parent was deleted."""
    if not run.request.answer_ids or run.request.parent is None:
        return None
    try:
        return runs.get(run.request.parent)
    except LoupeError:
        st.caption("The answer this one was forked from has been deleted.")
        return None


def why_no_fork(run: runs.RunView, able: Capabilities | None) -> str | None:
    """Why the chosen model cannot go on from the tokens of `run`, in a sentence, or `None` when it can.

    Args:
        run: any run.
        able: what the model chosen in the sidebar can do; `None` when the reference is not one.
    """
    if run.request.model != st.session_state.get(MODEL):
        return f"The tokens are those of {run.request.model}; choose that model to go on from them."
    return able.reason("fork") if able else "There is no such model."


def rivals(run: runs.RunView, sample: int, index: int, able: Capabilities | None) -> None:
    """What else could have come at a token of a finished answer, as it was when the token was drawn."""
    token = run.result.completions[sample].tokens[index]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            # in code quotes, so that nothing in the token acts as Markdown
            st.markdown(
                f"Token {index + 1}  `{visible(token.special or token.text).replace('`', 'ˋ')}`", width="stretch"
            )
            st.button("Close", key="play_close_token", icon=":material/close:", type="tertiary", on_click=_close_token)
        if not token.top:
            st.caption("This run kept no alternatives: its model's back end does not report them.")
            return
        key = f"play_rivals_{run.id}_{sample}_{index}"
        texts = {choice.id: choice.text for choice in token.top}
        why_not = why_no_fork(run, able)
        bars(
            rival_rows(token),
            _rest(token),
            label=f"Rivals of token {index + 1}: " + ", ".join(visible(choice.text) for choice in token.top[:5]),
            key=key,
            on_choose=None if why_not else forker(key, run, sample, index, texts),
        )
        if why_not:
            st.caption(f"The answer cannot be forked here. {plain(why_not)}")
        else:
            st.caption("Choose a rival to continue the answer with it instead. The answer you have stays.")


def rival_rows(token: TokenResult) -> list[Row]:
    """The stored alternatives, with the token itself among them."""
    listed = [
        Row(
            choice.id,
            choice.text,
            math.exp(choice.logprob),
            _after(token, choice),
            "samplers" if _removed(token, choice) else None,
            _same(token, choice),
        )
        for choice in token.top
    ]
    if token.logprob is not None and not any(_same(token, choice) for choice in token.top):
        after = None if token.sampled_logprob is None else math.exp(token.sampled_logprob)
        listed.append(Row(token.id, token.special or token.text, math.exp(token.logprob), after, None, True))
    return listed


def cursor(run: runs.RunView, sample: int, index: int) -> GenerationRequest:
    """The request whose next token is token `index` of an answer: where the lens looks."""
    tokens = run.result.completions[sample].tokens[:index] if run.result.completions else []
    return run.request.model_copy(
        update={
            "answer_ids": (*run.request.answer_ids, *(token.id for token in tokens)),
            "answer_text": text_before(run, sample, index) if tokens else run.request.answer_text,
        }
    )


def forker(key: str, run: runs.RunView, sample: int, index: int, texts: Mapping[int, str]) -> Callable[[], None]:
    """The callback of a picture whose rows fork: continues `run` from token `index` with the chosen one.

    Args:
        key: Streamlit key of the picture.
        run: a finished run.
        sample: which of its answers.
        index: the token to replace.
        texts: text of every token that can be chosen.
    """

    def fork() -> None:
        rival = st.session_state[key].chosen
        begun = cursor(run, sample, index)
        start(
            mode=run.request.mode,
            messages=run.request.messages,
            prompt=run.request.prompt,
            answer_ids=(*begun.answer_ids, rival),
            answer_text=begun.answer_text + texts[rival],
            top_logprobs=run.request.top_logprobs,
            parent=run.id,
        )

    return once(fork)


def go_on(run: runs.RunView, sample: int) -> None:
    """Continue an answer that was cut or stopped, with the settings as they are now: a fork that replaces nothing."""
    begun = cursor(run, sample, len(run.result.completions[sample].tokens))
    start(
        mode=run.request.mode,
        messages=run.request.messages,
        prompt=run.request.prompt,
        answer_ids=begun.answer_ids,
        answer_text=begun.answer_text,
        top_logprobs=run.request.top_logprobs,
        parent=run.id,
    )


def _same(token: TokenResult, choice: TokenChoice) -> bool:
    """Whether a rival is the token itself. Endpoints report texts only, and every id is then negative."""
    return choice.id == token.id if token.id >= 0 else choice.text == (token.special or token.text)


def _after(token: TokenResult, choice: TokenChoice) -> float | None:
    if _removed(token, choice):
        return 0.0
    return None if choice.sampled_logprob is None else math.exp(choice.sampled_logprob)


def _removed(token: TokenResult, choice: TokenChoice) -> bool:
    """Minus infinity, which a stored result holds as null where others of the same token have a value."""
    if choice.sampled_logprob is None:
        return token.sampled_logprob is not None
    return choice.sampled_logprob == -math.inf


def _rest(token: TokenResult) -> Rest:
    """Everything without a row: the token itself, when it is not among the alternatives, has one."""
    listed = any(_same(token, choice) for choice in token.top)
    own = 0.0 if listed or token.logprob is None else math.exp(token.logprob)
    own_after = math.exp(token.sampled_logprob) if own and token.sampled_logprob is not None else 0.0
    after = None if token.rest_sampled is None else max(0.0, token.rest_sampled - own_after)
    return Rest(None if token.rest is None else max(0.0, token.rest - own), after)


def _close_token() -> None:
    st.session_state[CHOSEN] = None
