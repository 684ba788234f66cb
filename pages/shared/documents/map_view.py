"""The map of a collection: a point a chunk, a colour and a shape a file; a question and its hits marked; a point opens.

Knows nothing of how the points were found.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.documents import collections, retrieval
from core.documents.collections import CollectionView
from core.documents.map import Map, draw
from core.documents.settings import RetrievalSettings
from core.errors import LoupeError
from pages.shared.documents.files_table import OPENED, inspector
from pages.shared.documents.stock import documents_of
from pages.shared.text import percent, plain

FILES = 11
"""Files with a colour of their own; the others share one."""
OTHERS = "other files"
QUERY = "docs_map_query"
COLOURS = [
    *("#1f8a9b", "#c8681a", "#7a68c2", "#3b82c4", "#a88a1c", "#c0559a"),
    *("#3f9b6f", "#b0524a", "#7d8b91", "#8f6b3d", "#5b7fa6", "#a9b3b7"),
]


def map_view(collection: CollectionView) -> None:
    """Draw it."""
    if not collection.chunks:
        st.caption("Nothing to draw yet: add files first.")
        return
    left, right = st.columns([7, 5], gap="large")
    with left:
        query = st.text_input("Question", key=QUERY, placeholder="Where does a question land?", persist_state="session")
        try:
            drawn = _map(collection.name, collection.id, collection.revision)
            hits, place = _found(drawn, collection, query) if query.strip() else ({}, None)
        except LoupeError as error:
            st.error(plain(str(error)))
            return
        chosen = _chart(drawn, collection, hits, place)
        few = (
            "" if len(drawn.points) == drawn.chunks else f" {len(drawn.points):,} of {drawn.chunks:,} chunks are drawn."
        )
        st.caption(
            f"Points that lie together are alike; these two principal components keep {percent(drawn.kept)} of the "
            f"vectors’ variance, so distances are a hint, not a measure.{few}"
        )
    with right:
        _opened(drawn, collection, chosen)


def _opened(drawn: Map, collection: CollectionView, chosen: int | None) -> None:
    point = next((point for point in drawn.points if point.id == chosen), None)
    if point is None:
        st.caption("Click a point to read its chunk in its document.")
        return
    chunk = next((each for each in collections.chunks_of(point.document) if each.id == chosen), None)
    rows = [row for row in documents_of(collection) if row.id == point.document]
    if chunk is None or not rows:
        st.caption("This chunk was removed meanwhile.")
        return
    if st.session_state.get("docs_map_chosen") != chosen:  # then a chunk chosen in the text stays
        st.session_state["docs_map_chosen"] = chosen
        st.session_state[OPENED] = (point.document, chunk.ordinal)
    inspector(rows[0])


def _found(drawn: Map, collection: CollectionView, query: str) -> tuple[dict[int, int], tuple[float, float]]:
    """Ranks of the chunks that a question finds by similarity, and where the question itself lies."""
    from core.models.embedders import get_embedder

    found = retrieval.search(collection.name, query, RetrievalSettings(mode="similarity", k=5))
    x, y = drawn.place(get_embedder(collection.embedding).encode_queries([query]))[0].tolist()
    return {hit.id: rank for rank, hit in enumerate(found.hits, start=1)}, (x, y)


def _chart(
    drawn: Map, collection: CollectionView, hits: dict[int, int], place: tuple[float, float] | None
) -> int | None:
    """Draw the points; the id of the chosen one."""
    import altair as alt

    counts: dict[str, int] = {}
    for point in drawn.points:
        counts[point.source] = counts.get(point.source, 0) + 1
    named = sorted(counts, key=lambda name: (-counts[name], name))[:FILES]
    folders = {name.partition("/")[0] for name in counts}
    one_folder = len(folders) == 1 and all("/" in name for name in counts)
    shared = len(folders.pop()) + 1 if one_folder else 0  # a folder that all files are in says nothing
    domain = [*(name[shared:] for name in named), *([OTHERS] if len(counts) > len(named) else [])]
    rows: list[dict[str, Any]] = [
        {
            "id": point.id,
            "x": point.x,
            "y": point.y,
            "group": point.source[shared:] if point.source in named else OTHERS,
            "file": point.source,
            "page": "–" if point.page is None else str(point.page),
            "text": point.text,
        }
        for point in drawn.points
    ]
    scale = alt.Scale(zero=False, nice=True)
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)
    pick = alt.selection_point(name="pick", fields=["id"], on="click", clear="dblclick")
    encoding: dict[str, Any] = {
        "x": alt.X("x:Q", scale=scale, axis=axis),
        "y": alt.Y("y:Q", scale=scale, axis=axis),
    }
    legend = alt.Legend(title=None, orient="bottom", columns=4, labelLimit=128, symbolLimit=12)
    points = (
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, size=55 if len(rows) < 800 else 22, opacity=0.75)
        .encode(
            **encoding,
            color=alt.Color("group:N", scale=alt.Scale(domain=domain, range=COLOURS), legend=legend),
            shape=alt.Shape("group:N", scale=alt.Scale(domain=domain), legend=legend),
            tooltip=[alt.Tooltip("file:N"), alt.Tooltip("page:N"), alt.Tooltip("text:N", title="begins")],
        )
        .add_params(pick)
    )
    layers = [points]
    marked = [{**row, "rank": str(hits[int(row["id"])])} for row in rows if row["id"] in hits]
    if marked:
        rings = alt.Chart(alt.Data(values=marked))
        layers.append(rings.mark_point(filled=False, size=190, strokeWidth=2, color="#d08a00").encode(**encoding))
        layers.append(
            rings.mark_text(dx=12, dy=-9, fontWeight="bold", color="#b07400").encode(**encoding, text="rank:N")
        )
    if place:
        at = alt.Chart(alt.Data(values=[{"x": place[0], "y": place[1], "words": "question"}]))
        layers.append(at.mark_point(shape="cross", filled=True, size=190, color="#d08a00").encode(**encoding))
        layers.append(at.mark_text(dy=-14, fontWeight="bold", color="#b07400").encode(**encoding, text="words:N"))
    state = st.altair_chart(
        alt.layer(*layers).properties(height=470),
        key=f"docs_map_{collection.id}_{collection.revision}",
        on_select="rerun",
        selection_mode="pick",
        alt=f"Map of {len(rows)} chunks of {len(counts)} files"
        + (f"; the question is found nearest to {len(marked)} of them" if marked else ""),
    )
    picked = state.get("selection", {}).get("pick", []) if state else []
    return int(picked[0]["id"]) if picked else None


@st.cache_resource(max_entries=3, ttl=1800, show_spinner="Drawing the map…")
def _map(name: str, collection: str, revision: int) -> Map:
    return draw(name)
