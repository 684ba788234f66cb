"""A document before it is embedded: its text with chunk borders and overlaps, the sizes, what to watch out for.

Reads files in core's child process, and of the embedding model its tokenizer only (by meaning: the model too). Nothing
is stored.
"""

from __future__ import annotations

import statistics
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from core.documents.collections import Source
from core.documents.extracted import Extracted, Refused
from core.documents.ingest.sources import walk
from core.documents.settings import SplitSettings
from core.documents.splitting import Preview, preview
from core.errors import LoupeError
from pages.shared.documents.histogram import histogram
from pages.shared.documents.text_view import Border, text_view
from pages.shared.documents.windows import window
from pages.shared.text import magnitude, plain

MOST_FILES = 500
"""Files of a folder that can be chosen here; all of them are added."""
MOST_PARTS = 200
"""Parts of a source (rows of a corpus, members of an archive) that can be chosen here; all of them are added."""
MOST_CHARACTERS = 200_000
"""Of a text that are cut for the preview."""
TOKENS = "tokens"


def split_preview(sources: list[Source], settings: SplitSettings, embedding: str, key: str) -> None:
    """Draw it.

    Args:
        sources: files and folders that are to be added.
        settings: how to cut them.
        embedding: reference of the model that counts tokens.
        key: prefix of the Streamlit keys.
    """
    files, more = listed(sources)
    if not files:
        st.caption("There is no file in it.")
        return
    chosen, part_box = st.columns(2)
    with chosen:
        place = st.selectbox(
            f"File ({len(files):,}{'+' if more else ''})",
            range(len(files)),
            format_func=lambda number: files[number].name,
            key=f"{key}_file_{len(files)}",
        )
    file = files[place or 0]
    try:
        parts = _loaded(file.path, file.name, _stamp(file.path))
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    documents = [part for part in parts if isinstance(part, Extracted)]
    with part_box:
        if len(documents) > 1:
            number = st.selectbox(
                f"Part ({len(documents):,}{'+' if len(parts) >= MOST_PARTS else ''})",
                range(len(documents)),
                format_func=lambda at: documents[at].key or documents[at].title or f"part {at + 1}",
                key=f"{key}_part_{file.path}",
            )
        else:
            number = 0
    for refused in [part for part in parts if isinstance(part, Refused)][:5]:
        st.warning(plain(f"{refused.key}: {refused.reason}"))
    if documents:
        _document(documents[number or 0], settings, embedding, f"{key}_{file.path}_{number}")


def listed(sources: list[Source]) -> tuple[list[Source], bool]:
    """The files of all sources, those in folders too, and whether there are more than are listed."""
    found = [Source(item.path, item.name) for item in walk(asdict(source) for source in sources)]
    return found[:MOST_FILES], len(found) > MOST_FILES


def _document(document: Extracted, settings: SplitSettings, embedding: str, key: str) -> None:
    text = document.text[:MOST_CHARACTERS]
    for note in document.notes:
        st.caption(f":material/info: {plain(note)}")
    if not text.strip():
        st.warning("There is no text in it: nothing would be added.")
        return
    try:
        shown, limit = _preview(text, document.kind, settings.model_dump_json(), embedding)
    except LoupeError as error:
        st.error(plain(str(error)))
        return
    tokens = [chunk.tokens for chunk in shown.chunks]
    whole = "" if len(text) == len(document.text) else f" · the first {magnitude(len(text))} characters"
    st.caption(
        f"**{len(tokens):,} chunk{'' if len(tokens) == 1 else 's'}** of {min(tokens):,}–{max(tokens):,} tokens, "
        f"median {statistics.median(tokens):.0f} · {len(document.text):,} characters · {plain(document.kind)}{whole}"
    )
    for warning in shown.warnings:
        st.warning(plain(warning))
    for note in shown.notes:
        st.caption(f":material/info: {plain(note)}")
    histogram(shown.histogram, limit, f"{key}_sizes")
    text_view(
        text,
        [
            Border(
                number,
                chunk.start,
                chunk.end,
                f"{chunk.tokens:,} tokens" + (f", {chunk.overlap_before:,} shared" if chunk.overlap_before else ""),
                chunk.too_long,
            )
            for number, chunk in enumerate(shown.chunks, start=1)
        ],
        label="The text with the borders of its chunks",
        key=f"{key}_text",
        pages=document.pages,
        window=window(len(text), f"{key}_window"),
    )
    st.caption("Each number begins a chunk; what is hatched and dotted is in two chunks.")


@st.cache_data(max_entries=12, ttl=900, show_spinner="Reading the file…")
def _loaded(path: str, name: str, stamp: float) -> list[Extracted | Refused]:
    from core.documents.loading import load

    found = []
    for part in load(Path(path), name=name):
        found.append(part)
        if len(found) >= MOST_PARTS:
            break
    return found


@st.cache_data(max_entries=24, ttl=900, show_spinner="Cutting…")
def _preview(text: str, kind: str, settings: str, embedding: str) -> tuple[Preview, int | None]:
    from core.models.embedders import get_embedder

    embedder = get_embedder(embedding)
    limit = None if embedder.max_tokens is None else embedder.max_tokens - embedder.special_tokens
    return preview(text, kind, SplitSettings.model_validate_json(settings), embedder), limit


def _stamp(path: str) -> float:
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return 0.0
