"""The sidebar of Evals: what goes before the file, the same as the options of `loupe eval run`."""

from __future__ import annotations

import streamlit as st

from core.evals.eval_file import AT_ONCE
from core.evals.running.overrides import Overrides
from pages.shared.evals.state import FROM_FORM
from pages.shared.model_picker import known_models

MODELS, REPEAT, CALLS, LIMIT = "evals_models", "evals_repeat", "evals_at_once", "evals_limit"
CACHE, BROKEN, UNSUPPORTED = "evals_cache", "evals_broken", "evals_unsupported"
MOST_MODELS = 8


def run_settings(source: str) -> Overrides:
    """Draw them; what they say."""
    st.session_state.setdefault(CACHE, True)
    models: list[str] = []
    if source != FROM_FORM:
        models = st.multiselect(
            "Models",
            _known(st.session_state.get(MODELS) or []),
            key=MODELS,
            accept_new_options=True,
            max_selections=MOST_MODELS,
            placeholder="as in the file",
            help="Every prompt is then asked of each of these, instead of the file's models. A name of the list, or "
            "any reference.",
            persist_state="session",
        )
    limit = st.number_input(
        "Rows", 1, None, None, key=LIMIT, placeholder="all", help="Only the first ones.", persist_state="session"
    )
    repeat = st.number_input(
        "Repeats",
        1,
        100,
        None,
        key=REPEAT,
        placeholder="as in the file" if source != FROM_FORM else "1",
        help="How often every row is asked. At temperature 0 the answers are the same, and one call is made.",
        persist_state="session",
    )
    at_once = st.number_input(
        "Calls at once",
        1,
        64,
        None,
        key=CALLS,
        placeholder="as in the file" if source != FROM_FORM else str(AT_ONCE),
        help="To each model. A model on this machine computes them in one batch; an endpoint that limits requests "
        "gets fewer by itself.",
        persist_state="session",
    )
    use_cache = st.toggle(
        "Use answers that are there",
        key=CACHE,
        help="The same call (model and weights, prompt, settings, input) is not made twice.",
        persist_state="session",
    )
    broken = unsupported = False
    if source != FROM_FORM:
        broken = st.toggle(
            "Leave out broken rows",
            key=BROKEN,
            help="A row that cannot be read is named, and the rest runs.",
            persist_state="session",
        )
        unsupported = st.toggle(
            "Leave out unknown assertions",
            key=UNSUPPORTED,
            help="Types of promptfoo's that Loupe cannot check are named, and the rest counts.",
            persist_state="session",
        )
    return Overrides(
        repeat=None if repeat is None else int(repeat),
        concurrency=None if at_once is None else int(at_once),
        limit=None if limit is None else int(limit),
        skip_broken=broken,
        skip_unsupported=unsupported,
        models=tuple(models),
        use_cache=use_cache,
    )


def _known(chosen: list[str]) -> list[str]:
    return list(dict.fromkeys([*known_models(), *chosen]))
