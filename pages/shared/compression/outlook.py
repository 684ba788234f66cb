"""What a draft would save, before it does anything: sizes and bits from headers and arithmetic; the name; Start."""

from __future__ import annotations

import streamlit as st

from core import compression
from core.compression import CompressRequest
from core.compression.pruning.shares import PARTS
from core.compression.source import Source
from core.errors import LoupeError
from core.models import stored
from pages.shared.compression import draft
from pages.shared.compression.session import ask_start
from pages.shared.compression.words import megabytes
from pages.shared.text import plain

QUANTIZED = ("int8", "nf4", "fp4", "gptq", "gguf")
WHOLE_HEAD = ("int8", "nf4", "fp4", "gptq")


def outlook() -> None:
    """Draw it."""
    request: CompressRequest | None = None
    why_not: str | None = None
    try:
        request = draft.request()
        source = compression.check(request)
        st.markdown(_saving(request, source))
    except LoupeError as error:
        why_not = str(error)
    if why_not:
        st.error(plain(why_not))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name of the result",
            key=draft.NAME,
            placeholder=draft.suggested_name(),
            width=280,
            help=compression.CompressRequest.model_fields["name"].description,
            persist_state="session",
        )
        st.button(
            "Start",
            icon=":material/play_arrow:",
            key="compress_start_button",
            type="primary",
            disabled=why_not is not None,
            help=plain(why_not) if why_not else None,
            on_click=ask_start,
            args=(request,),
        )


def _saving(request: CompressRequest, source: Source | None) -> str:
    """What arithmetic tells."""
    if source is None:
        return ":gray[What it saves is known once the bundled model has been unpacked, which the job does first.]"
    found = compression.estimate(request, source)
    before, after = megabytes(found.before), megabytes(found.after)
    if request.method == "prune" and request.structure not in PARTS:
        also = (
            " Some GPUs compute two of four faster; Loupe calls no such kernel." if request.structure == "2:4" else ""
        )
        return (
            f"**{before} of weights, before and after:** a zero is stored like any other number. What you learn is how "
            f"much of the model is idle.{also}"
        )
    text = f"**{before} → about {after}** of weights, {found.ratio:.2f} times as much"
    if request.method in QUANTIZED:
        numbers = stored.count_parameters(source.folder)
        if numbers:
            text += f" · **{8 * found.before / numbers:.4g} → {8 * found.after / numbers:.3g} bits a weight**, over all"
        if request.method in WHOLE_HEAD:
            text += " · :gray[the embedding and the head stay whole]"
    else:
        text += " · the numbers that are left keep their precision, and there are fewer to compute with"
    return text
