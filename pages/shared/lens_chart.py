"""The lens: the distribution of the next token at the cursor, and what each sampler does to it.

Turns a `LensView` into rows, cut lines and a table for `pages.shared.bars`. The logits stay in core, so that a moved
slider costs one view and no run of the model.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import LoupeError
from core.generation import lens
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from pages.shared.bars import Cut, Effect, Rest, Row, bars
from pages.shared.text import percent, plain, visible

BARS = 16
POLL_S = 0.3
ROUNDING = 1e-6
"""Below this, what is left for the rest is float32 noise: everything in it was removed."""
_NAMES = {
    "temperature": "temperature",
    "top_k": "top-k",
    "top_p": "top-p",
    "min_p": "min-p",
    "typical_p": "typical-p",
    "repetition_penalty": "repetition",
    "presence_penalty": "presence",
    "frequency_penalty": "frequency",
    "no_repeat_ngram_size": "no-repeat",
    "min_tokens": "min tokens",
}
_CUTTING = ("top_k", "top_p", "min_p", "typical_p")


def lens_chart(
    request: GenerationRequest,
    params: SamplingParams,
    *,
    key: str,
    taken: int | None,
    on_choose: Callable[[], None] | None,
) -> lens.LensView | None:
    """Draw the lens for the token that would follow `request`; computes in the background, polling, when it must.

    Args:
        request: prompt, and the answer up to the cursor in `answer_ids`.
        params: the samplers to show, usually not those of the request.
        key: Streamlit key of the picture.
        taken: id of the token that the answer went on with, to mark it.
        on_choose: see `pages.shared.bars.bars`.

    Returns:
        What was drawn, or `None` while it is being computed or when it could not be.
    """
    try:
        logits = lens.logits_for(request)
        if logits is None:
            st.fragment(_wait, run_every=POLL_S)(request)
            return None
        view = lens.view(logits, params, bars=BARS)
    except LoupeError as error:
        st.error(plain(str(error)))
        return None
    bars(
        rows(view, taken),
        Rest(view.rest, view.rest_sampled if view.rest_sampled > ROUNDING else 0.0, view.rest_count),
        label=describe(view),
        key=key,
        cuts=cuts(view),
        effects=effects(view),
        on_choose=on_choose,
    )
    st.caption(
        f"Pale: the model's own probability. Solid: what the samplers leave. Entropy {view.entropy_bits:.2f} bits, "
        f"vocabulary {view.vocab_size:,}." + (" Choose a row to continue the answer with it." if on_choose else "")
    )
    return view


def rows(view: lens.LensView, taken: int | None) -> list[Row]:
    """One row a bar, the most probable first."""
    return [
        Row(bar.id, bar.text, bar.probability, bar.sampled, _name(bar.removed_by), bar.id == taken) for bar in view.bars
    ]


def cuts(view: lens.LensView) -> list[Cut]:
    """Where each truncating sampler cuts: above its first removed row, or above the rest when it only cuts there.

    Typical-p may also drop the favourite; its line is then the one in the tail, and the favourite's row names it.
    """
    lines: dict[int, list[str]] = {}
    for stage in view.stages:
        if stage.name not in _CUTTING or not stage.removed:
            continue
        place = len(view.bars)
        while place > 0 and view.bars[place - 1].removed_by == stage.name:
            place -= 1
        if place == len(view.bars):  # rows of a later sampler may stand between its own rows and the rest
            own = [index for index, bar in enumerate(view.bars) if bar.removed_by == stage.name]
            kept = [index for index, bar in enumerate(view.bars) if bar.removed_by is None]
            place = next((index for index in own if not kept or index > kept[-1]), place)
        lines.setdefault(place, []).append(f"{_NAMES[stage.name]} {stage.value:g}")
    return [Cut(place, " · ".join(labels)) for place, labels in sorted(lines.items())]


def effects(view: lens.LensView) -> list[Effect]:
    """One line for every penalty and sampler that is on, in the order of the chain."""
    return [
        Effect(
            _NAMES[stage.name],
            f"{stage.value:g}",
            f"{stage.kept:,}",
            f"{stage.removed:,}" if stage.removed else f"reweighs {stage.reweighed:,}" if stage.reweighed else "—",
            percent(stage.removed_mass) if stage.removed else "—",
        )
        for stage in view.stages
    ]


def describe(view: lens.LensView) -> str:
    """The picture in words, for those who do not see it."""
    leading = ", ".join(f"{visible(bar.text)} {percent(bar.probability)}" for bar in view.bars[:3])
    gone = [
        f"{_NAMES.get(stage.name, stage.name)} removes {stage.removed:,} tokens with {percent(stage.removed_mass)}"
        for stage in view.stages
        if stage.removed
    ]
    return f"Next token: {leading}. " + ("; ".join(gone) if gone else "No sampler removes anything") + "."


def _name(sampler: str | None) -> str | None:
    return None if sampler is None else _NAMES.get(sampler, sampler)


def _wait(request: GenerationRequest) -> None:
    try:
        if lens.logits_for(request) is not None:
            st.rerun()
    except LoupeError:
        st.rerun()  # the page says it
    st.markdown("Reading the distribution…")
