"""What the Playground's buttons do: ask, complete, regenerate, stop; all are callbacks, see `pages.shared.session`."""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.generation import runs
from core.models.capabilities import Capabilities
from pages.shared.conversation import whole_text
from pages.shared.session import ERROR, PROMPT, SYSTEM, start

ALTERNATIVES = 10
"""How many rivals of every token a run keeps."""
MESSAGE = "play_message"


def ask(run: runs.RunView | None, able: Capabilities | None, text: str | None = None) -> None:
    """Send a message: after the shown conversation, or as the beginning of one.

    Args:
        run: the shown run, if any.
        able: what the chosen model can do.
        text: the message; `None` is what the message box holds.
    """
    message = st.session_state[MESSAGE] if text is None else text
    system = st.session_state.get(SYSTEM, "")
    messages = [{"role": "system", "content": system}] if system.strip() else []
    if run:
        messages += [turn.model_dump() for turn in run.request.messages if turn.role != "system"]
        messages.append({"role": "assistant", "content": whole_text(run, 0) if run.result.completions else ""})
    start(
        mode="chat",
        messages=[*messages, {"role": "user", "content": message}],
        top_logprobs=alternatives(able),
        parent=run.id if run else None,
    )
    if ERROR in st.session_state:
        st.session_state[MESSAGE] = message  # nothing typed is lost


def complete(run: runs.RunView | None, able: Capabilities | None, text: str | None = None) -> None:
    """Continue a text: `text`, else what the prompt box holds."""
    if text is not None:
        st.session_state[PROMPT] = text
    prompt = st.session_state.get(PROMPT, "")
    start(mode="completion", prompt=prompt, top_logprobs=alternatives(able), parent=run.id if run else None)


def regenerate(run: runs.RunView, able: Capabilities | None) -> None:
    """The same request once more, with the model and settings as they are now."""
    again = {name: getattr(run.request, name) for name in ("mode", "messages", "prompt", "answer_ids", "answer_text")}
    # a fork's sibling hangs on the answer that both left, so that it is shown beside it
    parent = run.request.parent if run.request.answer_ids else run.id
    start(**again, top_logprobs=alternatives(able), parent=parent)


def stop(run: runs.RunView) -> None:
    """End the answer within one token; what has come stays."""
    try:
        runs.cancel(run.id)
    except LoupeError as error:
        st.session_state[ERROR] = str(error)


def alternatives(able: Capabilities | None) -> int:
    """How many rivals of every token to ask the model for."""
    if able is None or able.reason("token_probabilities"):
        return 0
    return min(ALTERNATIVES, able.max_alternatives)
