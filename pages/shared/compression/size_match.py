"""Bigger and quantized, or smaller and whole? Two references at about the same memory, stated, into one table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core import compression
from core.compression import CompressRequest
from core.compression.source import Source, open_source, weight_file_bytes
from core.errors import LoupeError
from core.models import bundled
from core.models.loaders import quantized
from core.models.reference import parse_ref
from pages.shared.compression import draft
from pages.shared.compression.session import choose_to_measure, set_up
from pages.shared.compression.words import megabytes, names_of
from pages.shared.model_picker import known_models
from pages.shared.text import plain

BIGGER, PRECISION, SMALLER = "compress_bigger", "compress_bigger_bits", "compress_smaller"
WORDS = {"int8": "8 bits", "nf4": "4 bits, NF4", "fp4": "4 bits, FP4"}
DTYPES: dict[str, Any] = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
ITEMSIZES = {"bf16": 2, "fp16": 2, "fp32": 4}
EQUAL = 0.1
"""Difference up to which two sizes count as equal."""


def size_match() -> None:
    """Draw it."""
    st.markdown("**Bigger and quantized, or smaller and whole?**")
    st.markdown(
        "The same memory can hold a large model in few bits or a small one in many. Choose one of each; when they take "
        "about the same memory, the table that decides tells which predicts better."
    )
    whole = whole_models()
    if not whole:
        st.caption("There is no model in Hugging Face format with weights on this machine.")
        return
    names = names_of(list(whole))
    left, middle, right = st.columns(3, vertical_alignment="top")
    with left:
        bigger = st.selectbox("Bigger", _by_size(whole), key=BIGGER, format_func=lambda ref: names.get(ref, ref))
    with middle:
        method = st.segmented_control(
            "Quantized to",
            list(WORDS),
            default="nf4",
            key=PRECISION,
            format_func=lambda name: WORDS[name],
            required=True,
        )
    if bigger not in whole or method not in WORDS:
        return
    if whole[bigger] is None:
        st.caption("The bundled model's size is known once it is unpacked, which its first use does.")
        return
    packed = packed_bytes(bigger, method)
    others = {ref: size for ref, size in whole.items() if size is not None and size < (whole[bigger] or 0)}
    if others:
        nearest = min(others, key=lambda ref: abs((others[ref] or 0) - packed))
        with right:
            smaller = st.selectbox(
                "Smaller",
                sorted(others, key=lambda ref: (ref != nearest, -(others[ref] or 0))),
                key=f"{SMALLER}_{bigger}_{method}",
                format_func=lambda ref: names.get(ref, ref),
            )
        _verdict(bigger, method, packed, smaller, others[smaller] or 0)
    else:
        st.markdown(
            f"{WORDS[method]}: about **{megabytes(packed)}** of weights. There is no smaller model yet; make one."
        )
    _make_one(bigger, method, packed)


def whole_models() -> dict[str, int | None]:
    """Bytes of the weights of every model that can be quantized; `None` for the bundled one while it is packed."""
    found: dict[str, int | None] = {}
    for ref in known_models():
        try:
            parsed = parse_ref(ref)
            if parsed.kind == "bundled" and bundled.converted() is None:
                found[ref] = None
                continue
            if parsed.kind in ("bundled", "hf", "path"):
                found[ref] = weight_file_bytes(open_source(ref).folder)
        except LoupeError:  # quantized already, with adapters, an encoder: not whole
            continue
    return found


def fitting_share(source: Source, room: int) -> tuple[int, int] | None:
    """Layers that a student may keep to fit into `room` bytes, and how many there are; `None` where not even one."""
    count = source.number("num_hidden_layers") or 0
    for layers in range(count - 1, 0, -1):
        request = CompressRequest(method="distill", model=source.ref, name="student", keep=layers / count)
        if compression.estimate(request, source).after <= room:
            return layers, count
    return None


def packed_bytes(ref: str, method: Any) -> int:
    """Bytes of the weights of `_as_stored(ref, method)`, by the rule of what loads them."""
    source = open_source(ref)
    itemsize = ITEMSIZES.get(DTYPES.get(_dtype(source)), 4)
    return quantized.weight_bytes(replace(parse_ref(ref), quantize=method), source.folder, itemsize) or 0


def _verdict(bigger: str, method: str, packed: int, smaller: str, size: int) -> None:
    ratio = size / packed
    names = names_of([bigger, smaller])
    sides = (
        f"**{plain(names[bigger])}** in {WORDS[method]}: about **{megabytes(packed)}** of weights. "
        f"**{plain(names[smaller])}** whole: **{megabytes(size)}**. "
    )
    if abs(ratio - 1) <= EQUAL:
        sides += "Equal memory, within a tenth, both loaded in their files' precision: a fair comparison."
    else:
        sides += f"The smaller one takes **{ratio:.2f} times** as much, so read the sizes in the table too."
    st.markdown(sides)
    st.button(
        "Compare them",
        icon=":material/straighten:",
        key="compress_match_measure",
        type="primary",
        on_click=choose_to_measure,
        args=([_as_stored(bigger, method), _as_stored(smaller)],),
    )


def _make_one(bigger: str, method: str, packed: int) -> None:
    """Offer to make a smaller model that takes as much memory."""
    try:
        found = fitting_share(open_source(bigger), packed)
    except LoupeError:
        found = None
    if found is None:
        st.caption("No model of its own layers would fit into that memory: the embedding alone takes it.")
        return
    layers, count = found
    dropped = round(1 - layers / count, 4)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"As much as that takes: {layers} of its {count} layers, whole.", width="content")
        st.button(
            "Drop layers",
            icon=":material/content_cut:",
            key="compress_match_drop",
            help="Evenly spaced layers are taken out, which is quick; much is lost.",
            on_click=set_up,
            args=(
                bigger,
                "prune",
                {"structure": "layers", "criterion": "magnitude", "sparsity": dropped},
            ),
        )
        st.button(
            "Teach a student",
            icon=":material/school:",
            key="compress_match_student",
            help="The model teaches a student of its own layers. Training takes a while on a CPU.",
            on_click=set_up,
            args=(bigger, "distill", {"keep": round(layers / count, 4)}),
        )


def _as_stored(ref: str, quantize: Any = None) -> str:
    """The reference with the precision of its own files, so that memory is what the sizes here say."""
    return str(replace(parse_ref(ref), dtype=DTYPES.get(_dtype(open_source(ref))), quantize=quantize))


def _dtype(source: Source) -> str:
    return str(source.config.get("dtype") or source.config.get("torch_dtype"))


def _by_size(whole: dict[str, int | None]) -> list[str]:
    preferred = str(st.session_state.get(draft.MODEL, ""))
    return sorted(whole, key=lambda ref: (ref != preferred, -(whole[ref] or 0)))
