"""The right-hand side of the Playground: where the lens looks, and the lens.

It looks at the chosen token; while an answer is being written, at its newest one; else at the first token of the
answer, or at the end of a draft. Knows nothing of how the picture is drawn.
"""

from __future__ import annotations

import streamlit as st

from core.errors import LoupeError
from core.generation import runs
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.models.capabilities import Capabilities
from pages.shared import forks
from pages.shared.lens_chart import lens_chart
from pages.shared.model_picker import is_loaded
from pages.shared.session import CHOSEN, MODE, MODEL, PROMPT, params
from pages.shared.text import plain, visible

POLL_S = 0.5
HEADER_PX = 48
"""Height of the line above both columns, so that they begin at one height."""


def lens_panel(run: runs.RunView | None, parent: runs.RunView | None, capabilities: Capabilities | None) -> None:
    """Draw the lens for the settings in the sidebar as they are now.

    Args:
        run: the shown run, `None` when nothing was asked yet.
        parent: the run that it was forked from, if it was.
        capabilities: of the chosen model.
    """
    with st.container(horizontal=True, vertical_alignment="center", height=HEADER_PX, border=False):
        st.subheader("Next token", anchor=False, width="stretch")
        steps = st.container(horizontal=True, width="content")
    if capabilities and (reason := capabilities.reason("lens")):
        st.caption(f"There is no lens for this model. {plain(reason)}")
        return
    try:
        settings = params()
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    if run is None:
        _draft(settings)
        return
    chosen = forks.chosen_token(run, parent)
    if run.running and chosen is None:
        with steps:
            _steps(run, 0, 0, 0)
        st.fragment(_follow, run_every=POLL_S)(run.id, settings)
        return
    each, sample, index = chosen or (run, 0, 0)
    with steps:
        _steps(each, sample, index, _length(each, sample))
    _look(each, sample, index, settings, capabilities)


def _follow(run_id: str, settings: SamplingParams) -> None:
    """The newest token of a running answer; its logits are those it was drawn from, so that nothing is computed."""
    try:
        run = runs.get(run_id)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    _look(run, 0, max(0, _length(run, 0) - 1), settings, None)


def _look(
    run: runs.RunView, sample: int, index: int, settings: SamplingParams, capabilities: Capabilities | None
) -> None:
    total, model = _length(run, sample), st.session_state[MODEL]
    own = run.request.model == model
    request = forks.cursor(run, sample, index).model_copy(update={"model": model})
    if request.answer_ids and not own:  # ids mean other tokens, or none, to another model
        st.caption(
            f"This place follows tokens of {plain(run.request.model)}, and the chosen model has others. "
            "Choose that model to look here."
        )
        return
    st.caption(_where(run, sample, index, total))
    taken = run.result.completions[sample].tokens[index].id if own and index < total else None
    # one key while it follows an answer: the picture changes, it is not a new one each time
    key = f"play_lens_{run.id}" if run.running else f"play_lens_{run.id}_{sample}_{index}"
    texts: dict[int, str] = {}
    can = not run.running and total and not forks.why_no_fork(run, capabilities)
    fork = forks.forker(key, run, sample, index, texts) if can else None
    view = lens_chart(request, settings, key=key, taken=taken, on_choose=fork)
    if view:
        texts |= {bar.id: bar.text for bar in view.bars}


def _length(run: runs.RunView, sample: int) -> int:
    return len(run.result.completions[sample].tokens) if run.result.completions else 0


def _where(run: runs.RunView, sample: int, index: int, total: int) -> str:
    if not total:
        return "The first token of the answer"
    before = forks.text_before(run, sample, index)[-24:]
    after = f", after `{visible(before).replace('`', 'ˋ')}`" if before else ""
    return f"Token {index + 1} of {total}{after}"


def _steps(run: runs.RunView, sample: int, index: int, total: int) -> None:
    for label, name, step in (("‹", "previous", -1), ("›", "next", 1)):
        st.button(
            label,
            help=f"Look at the {name} token",
            key=f"play_step_{name}",
            type="tertiary",
            disabled=run.running or not 0 <= index + step < total,
            on_click=_move,
            args=(run.id, sample, index + step),
        )


def _move(run_id: str, sample: int, index: int) -> None:
    st.session_state[CHOSEN] = (run_id, sample, index)


def _draft(settings: SamplingParams) -> None:
    """Before the first answer: the end of the text in the prompt box, or what the lens is for."""
    text, model = st.session_state.get(PROMPT, ""), st.session_state[MODEL]
    if st.session_state[MODE] != "completion" or not text:
        st.caption(
            "The lens shows which tokens could come next and how likely each is, and what temperature, top-k, top-p, "
            "min-p and typical-p leave of them. Ask something, then move a slider: the picture follows at once, and "
            "the model does not run again."
        )
        return
    try:
        request = GenerationRequest.parse(model=model, mode="completion", prompt=text)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    if is_loaded(model) or st.toggle("Look at the end of the text", key="play_look"):
        lens_chart(request, settings, key="play_lens_draft", taken=None, on_choose=None)
