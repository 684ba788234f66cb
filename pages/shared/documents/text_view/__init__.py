"""A document's text with its chunks drawn in it: borders, numbers, overlaps, pages, one highlighted passage.

A component of our own, because Streamlit has no text with pieces that overlap and can be chosen. All text reaches the
browser as data and is put on the page with `textContent`, so nothing in a document is ever markup; characters that
cannot be seen are spelled out. Every chunk has a number and a border beside its tint: nothing is said by colour alone.
Knows nothing of splitters or of the store.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import streamlit as st

from core.documents.extracted import Page

WINDOW = 20_000
"""Most characters that are sent to the browser at once."""
TINTS = 3
_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "loupe_document",
    html='<div class="frame" tabindex="0"><div class="document"></div></div>\n',
    css=(_HERE / "text_view.css").read_text("utf-8"),
    js=(_HERE / "text_view.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Border:
    """One chunk as it is drawn: the characters `[start, end)`, its number, and what a pointer on it reads."""

    number: int
    start: int
    end: int
    note: str = ""
    warn: bool = False
    """It holds more than the embedding model reads."""


def text_view(
    text: str,
    borders: Sequence[Border] = (),
    *,
    label: str,
    key: str,
    pages: Sequence[Page] = (),
    highlights: Sequence[tuple[int, int]] = (),
    chosen: int | None = None,
    window: tuple[int, int] | None = None,
    height: int = 440,
    on_choose: Callable[[], None] | None = None,
) -> None:
    """Draw it.

    Args:
        text: the whole document; white space is kept.
        borders: its chunks in the order of their starts.
        label: accessible name.
        key: Streamlit key; `st.session_state[key].chosen` holds the chosen chunk's number inside `on_choose`.
        pages: where its pages begin.
        highlights: characters `[start, end)` to mark; it scrolls to the first.
        chosen: number of the chunk to mark, and to scroll to.
        window: characters to draw; by default the first `WINDOW`, or those around what is marked.
        height: most pixels before it scrolls.
        on_choose: called when a chunk was chosen; without it the text is only text.
    """
    shown = window or window_around(len(text), _focus(borders, highlights, chosen))
    _COMPONENT(
        key=key,
        data={
            "label": label,
            "height": height,
            "clickable": on_choose is not None,
            "chosen": chosen,
            "marked": bool(highlights),
            "before": shown[0],
            "after": len(text) - shown[1],
            "pieces": pieces(text, borders, pages, highlights, shown),
        },
        on_chosen_change=on_choose or _ignore,
    )


def window_around(length: int, place: int, most: int = WINDOW) -> tuple[int, int]:
    """The `most` characters of a text of `length` that show `place` with something before it."""
    start = max(0, min(place - most // 4, length - most))
    return start, min(length, start + most)


def pieces(
    text: str,
    borders: Sequence[Border],
    pages: Sequence[Page],
    highlights: Sequence[tuple[int, int]],
    window: tuple[int, int],
) -> list[dict[str, Any]]:
    """The text of `window` cut wherever something begins or ends, as the browser draws it.

    Each piece has its text `t`, the numbers `in` of the chunks around it with their tint `c`, the chunks `new` that
    begin with it, the page `p` that begins with it, and whether it is highlighted, `h`.
    """
    low, high = window
    edges = {low, high, *(page.start for page in pages)}
    edges |= {edge for border in borders for edge in (border.start, border.end)}
    edges |= {edge for mark in highlights for edge in mark}
    cuts = sorted(edge for edge in edges if low <= edge <= high)
    starts = [border.start for border in borders]
    names = {page.start: page_name(page) for page in pages}
    found: list[dict[str, Any]] = []
    for start, end in pairwise(cuts):
        # a chunk that covers this place began before its end; starts are in order, and few chunks overlap
        around = [
            (place, border)
            for place, border in _near(borders, bisect_right(starts, start))
            if border.start <= start < border.end
        ]
        found.append(
            {
                "t": text[start:end],
                "in": [border.number for _, border in around],
                "c": around[-1][0] % TINTS if around else None,
                "new": [
                    {"n": border.number, "note": border.note, "warn": border.warn}
                    for _, border in around
                    if border.start == start or (start == low and border.start < low)
                ],
                "note": " · ".join(border.note for _, border in around if border.note),
                "p": names.get(start),
                "h": any(mark[0] <= start < mark[1] for mark in highlights),
            }
        )
    return found


def page_name(page: Page) -> str:
    """What a person calls the page."""
    return f"page {page.number}" if not page.label else f"{page.number} · {page.label}"


def _near(borders: Sequence[Border], end: int, most: int = 64) -> list[tuple[int, Border]]:
    first = max(0, end - most)
    return list(enumerate(borders[first:end], start=first))


def _focus(borders: Sequence[Border], highlights: Sequence[tuple[int, int]], chosen: int | None) -> int:
    if highlights:
        return highlights[0][0]
    return next((border.start for border in borders if border.number == chosen), 0)


def _ignore() -> None:
    """Streamlit wants a callback for every trigger it is to report."""
