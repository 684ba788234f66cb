"""Which run the Playground shows and what its widgets hold. Session state keeps ids, drafts and selections only.

The run's id is in the URL, so a refresh or a second browser finds it again. Starting happens in widget callbacks only.
A further click can interrupt those too, at any use of session state, and its own callbacks run beside them in another
thread; so which run was started is noted in an object of our own, under a lock: no start is lost or done twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.errors import LoupeError
from core.generation import runs
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest

RUN = "run"
"""Query parameter, and suffix of the session key, that holds the id of the shown run."""
MODEL, MODE, SYSTEM, PRESET = "play_model", "play_mode", "play_system", "play_preset"
PROMPT = "play_prompt"
ERROR = "play_error"
CHOSEN = "play_chosen"
"""(run id, sample, token index) of the chosen token."""
_SHOWN, _ADOPTED = "play_run", "play_adopted"


@dataclass
class Shown:
    """Which run this session shows."""

    run: str | None = None
    left: str | None = None
    """The run in the URL when `run` was started: the browser may still send it with a click that came too early."""
    starting: threading.Lock = field(default_factory=threading.Lock)


def dial(name: str, page: str = "play") -> str:
    """Session key of a page's widget for a field of `SamplingParams`."""
    return f"{page}_{name}"


def shown_run() -> runs.RunView | None:
    """The run in the URL, or the one this session showed last; its settings are put into the widgets once.

    A bad or unknown id becomes a message, not a failure: the page is still usable.
    """
    shown, asked = _shown(), st.query_params.get(RUN)
    run_id = asked if asked and asked != shown.left else shown.run
    if asked == shown.run:  # the browser has caught up
        shown.left = None
    if not run_id:
        return None
    try:
        run = runs.get(run_id)
        request = run.request
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        close_run()
        return None
    shown.run = run.id
    if st.query_params.get(RUN) != run.id:  # back from another page, whose URL had no run
        st.query_params[RUN] = run.id
    if st.session_state.get(_ADOPTED) != run.id:
        adopt(request)
        st.session_state[_ADOPTED] = run.id
    return run


def close_run() -> None:
    """Show no run: an empty conversation with the same settings."""
    shown = _shown()
    shown.run = shown.left = None
    st.query_params.pop(RUN, None)
    for key in (_ADOPTED, CHOSEN):
        st.session_state.pop(key, None)


def adopt(request: GenerationRequest) -> None:
    """Put a request's model, mode, system prompt and sampling settings into the widgets."""
    st.session_state[MODEL] = request.model
    st.session_state[MODE] = request.mode
    st.session_state[SYSTEM] = "".join(m.content for m in request.messages if m.role == "system")
    if request.mode == "completion":
        st.session_state[PROMPT] = request.prompt
    set_dials(request.params.model_dump())


def set_dials(values: dict[str, Any], page: str = "play") -> None:
    """Put sampling settings into a page's widgets; what `values` lacks becomes neutral."""
    for name, value in SamplingParams.parse(**values).model_dump().items():
        if name == "seed":
            value = "" if value is None else str(value)
        elif name == "stop":
            value = "\n".join(text.replace("\\", "\\\\").replace("\n", "\\n") for text in value)
        elif name == "early_stopping":
            value = str(value).lower()
        st.session_state[dial(name, page)] = value


def params(page: str = "play") -> SamplingParams:
    """The sampling settings that a page's widgets hold now.

    Raises:
        InvalidInput: one is out of range; the browser's own limits are a convenience, not a check.
    """
    values: dict[str, Any] = {}
    for name in SamplingParams.model_fields:
        if (value := st.session_state.get(dial(name, page))) is None:
            continue
        if name == "seed":
            value = value.strip() or None
        elif name == "stop":
            value = tuple(_unescape(line) for line in value.split("\n") if line)
        elif name == "early_stopping":
            value = {"true": True, "false": False}.get(value, value)
        values[name] = value
    return SamplingParams.parse(**values)


def once(action: Callable[..., None]) -> Callable[..., None]:
    """`action` as a callback that starts nothing on a page that is over, so that a double click is one run.

    Until the page is drawn anew, Streamlit keeps the callbacks of the old one, and the second click finds them, even in
    another thread while the first is at work. It waits, and then another run is shown than the widget was drawn for.
    """
    shown = _shown()
    drawn_for = shown.run

    def act(*args: Any, **kwargs: Any) -> None:
        with shown.starting:
            if shown.run == drawn_for:
                action(*args, **kwargs)

    return act


def start(**request: Any) -> None:
    """Start a run and show it; call it from a widget's callback only, wrapped in `once`.

    A bad request becomes a message under the input.

    Args:
        request: fields of `GenerationRequest` besides the model and the settings, which come from the widgets.
    """
    st.session_state.pop(ERROR, None)
    st.session_state.pop(CHOSEN, None)
    try:
        values = {"model": st.session_state[MODEL], "params": params(), **request}
        shown, left = _shown(), st.query_params.get(RUN)
        run = runs.start(GenerationRequest.parse(**values))
        shown.run, shown.left = run.id, left  # before anything that Streamlit may interrupt
    except LoupeError as error:
        st.session_state[ERROR] = str(error)
        return
    st.session_state[_ADOPTED] = run.id
    st.query_params[RUN] = run.id


def _shown() -> Shown:
    shown: Shown = st.session_state.setdefault(_SHOWN, Shown())
    return shown


def _unescape(line: str) -> str:
    r"""A stop string as it was typed: `\n` is a line break, `\\` a backslash."""
    return "\\".join(part.replace("\\n", "\n") for part in line.split("\\\\"))
