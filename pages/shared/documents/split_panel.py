"""How documents are to be cut: the widgets of `SplitSettings`, only those that the chosen splitter reads.

Knows nothing of what is cut.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.documents.settings import SPLITTERS, SplitSettings, Splitter

ABOUT: dict[Splitter, tuple[str, str]] = {
    "recursive": ("Recursive", "Cuts at paragraphs, then lines, then sentences, then words, until a piece fits."),
    "sentence": ("By sentence", "Whole sentences, as many as fit."),
    "heading": ("By heading", "A piece a section of Markdown or HTML; a section that is too long is cut further."),
    "fixed": ("Fixed size", "Windows of so many tokens, wherever they fall."),
    "semantic": ("By meaning", "Cuts where a sentence stops resembling the one before; embeds every sentence once."),
    "parent-child": ("Parent and child", "Small pieces are found; the larger piece around them is read."),
    "none": ("Do not cut", "A document is one chunk. What the embedding model does not read is not found by meaning."),
}
"""What each splitter is called and does; the order is the order of the menu."""
_FIELDS = ("splitter", "chunk_size", "chunk_overlap", "parent_size", "breakpoint_percentile")


def split_panel(page: str) -> None:
    """Draw it; `split_settings` reads it.

    Args:
        page: prefix of the widgets' session keys.
    """
    if _key(page, "splitter") not in st.session_state:
        fill_split(page, SplitSettings())
    splitter = st.selectbox(
        "Splitter",
        [name for name in ABOUT if name in SPLITTERS],
        key=_key(page, "splitter"),
        format_func=lambda name: ABOUT[name][0],
        persist_state="session",
    )
    st.caption(ABOUT[splitter][1])
    child = splitter == "parent-child"
    if splitter != "none":
        _number(page, "chunk_size", "Child size" if child else "Chunk size", "Most tokens of a chunk.")
    if splitter in ("recursive", "sentence", "fixed", "parent-child"):
        _number(page, "chunk_overlap", "Overlap", "Tokens that two neighbours share.")
    if child:
        _number(page, "parent_size", "Parent size", "Most tokens of what is read around a found child.")
    if splitter == "semantic":
        st.slider(
            "Break above percentile",
            50.0,
            99.0,
            step=1.0,
            key=_key(page, "breakpoint_percentile"),
            help="A break where neighbours differ more than this share of all neighbours do; higher: fewer breaks.",
            persist_state="session",
        )


def split_settings(page: str) -> SplitSettings:
    """What the widgets hold.

    Raises:
        InvalidInput: the values do not go together, such as an overlap as large as the chunk.
    """
    held = {name: st.session_state.get(_key(page, name)) for name in _FIELDS}
    return SplitSettings.parse(**{name: value for name, value in held.items() if value is not None})


def fill_split(page: str, settings: SplitSettings) -> None:
    """Put settings into the widgets."""
    for name, value in settings.model_dump().items():
        st.session_state[_key(page, name)] = value


def _number(page: str, name: str, label: str, about: str) -> None:
    marks = SplitSettings.model_fields[name].metadata
    limits: dict[str, Any] = {
        "min_value": next(int(mark.ge) for mark in marks if hasattr(mark, "ge")),
        "max_value": next(int(mark.le) for mark in marks if hasattr(mark, "le")),
    }
    st.number_input(
        f"{label} (tokens)",
        **limits,
        step=8 if name == "chunk_overlap" else 16,
        key=_key(page, name),
        help=f"{about} Counted as the embedding model counts.",
        persist_state="session",
    )


def _key(page: str, name: str) -> str:
    return f"{page}_split_{name}"
