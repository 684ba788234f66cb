"""Parts of the documents pages that are plain functions: pieces of a text, citations in an answer, ranks that moved."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from core.documents.extracted import Page
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from core.store import jobs
from pages.shared.documents import uploads
from pages.shared.documents.passages import moved, ordinal, stage_words
from pages.shared.documents.text_view import Border, pieces, window_around

TEXT = "One two three four five six seven eight nine ten."


@some.composite
def covered(draw: Any) -> tuple[str, list[Border], tuple[int, int]]:
    """A text, chunks in the order of their starts that may overlap, and a window."""
    text = draw(some.text(min_size=1, max_size=80))
    edges = draw(some.lists(some.tuples(some.integers(0, 80), some.integers(1, 30)), max_size=8))
    spans = sorted({(min(at, len(text) - 1), min(at + size, len(text))) for at, size in edges})
    borders = [Border(number, start, end) for number, (start, end) in enumerate(spans, start=1) if start < end]
    low = draw(some.integers(0, len(text) - 1))
    return text, borders, (low, draw(some.integers(low + 1, len(text))))


@given(covered())
def test_the_pieces_are_the_text_and_each_knows_its_chunks(given_: tuple[str, list[Border], tuple[int, int]]) -> None:
    text, borders, (low, high) = given_
    found = pieces(text, borders, (), (), (low, high))
    assert "".join(piece["t"] for piece in found) == text[low:high]
    at = low
    for piece in found:
        around = [border.number for border in borders if border.start <= at and at + len(piece["t"]) <= border.end]
        assert piece["in"] == around
        at += len(piece["t"])
    begun = [chunk["n"] for piece in found for chunk in piece["new"]]
    assert begun == [border.number for border in borders if border.start < high and border.end > low]


def test_pages_and_highlights_cut_the_text_too() -> None:
    found = pieces(TEXT, [], [Page(1, 0, 8), Page(2, 8, len(TEXT), "Sheet 2")], [(4, 13)], (0, len(TEXT)))
    assert [(piece["t"], piece["p"], piece["h"]) for piece in found] == [
        ("One ", "page 1", False),
        ("two ", None, True),
        ("three", "2 · Sheet 2", True),
        (TEXT[13:], None, False),
    ]


def test_a_window_holds_the_place_and_no_more_than_it_may() -> None:
    for length, place in ((10, 3), (100, 0), (100, 99), (100, 50)):
        start, end = window_around(length, place, 20)
        assert 0 <= start <= place < end <= length
        assert end - start == min(20, length)


def test_ranks_that_moved_are_told_in_words() -> None:
    assert moved({7: 1, 8: 2, 9: 3, 4: 4}, {9: 1, 8: 2, 7: 3}) == {7: "▲2", 8: "=", 9: "▼2", 4: "new"}


def test_numbers_and_stages_read_well() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th")
    ]
    stages = {"similarity": {"rank": 1, "score": 0.5}, "keyword": {"rank": 3, "score": 9.1}}
    assert stage_words(stages) == "similarity 1st, keyword 3rd"


def panel(settings: dict) -> None:  # type: ignore[type-arg]  # run as a file of its own
    """A page with nothing but the retrieval panel."""
    import streamlit as st

    from core.documents.settings import RetrievalSettings
    from core.errors import LoupeError
    from pages.shared.documents.retrieval_panel import fill_retrieval, retrieval, retrieval_panel

    if "filled" not in st.session_state:
        fill_retrieval("t", RetrievalSettings.parse(**settings))
        st.session_state["filled"] = True
    retrieval_panel("t", ["a.md", "b.md"])
    try:
        st.session_state["read"] = retrieval("t").model_dump()
    except LoupeError as error:
        st.session_state["read"] = str(error)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mode": "similarity", "k": 3, "threshold": 0.25},
        {"mode": "mmr", "mmr_lambda": 0.8, "candidates": 70},
        {"fusion": "rrf", "rrf_k": 10},
        {"rerank": "hf:a/b", "rewrite": "multi-query", "queries": 5, "weight": 0.7},
        {"where": {"source": {"$in": ["a.md"]}}},
        {"where": {"$and": [{"source": {"$in": ["a.md"]}}, {"page": {"$gte": 3}}]}},
    ],
)
def test_settings_put_into_the_panel_come_out_again(settings: dict[str, Any]) -> None:
    page = AppTest.from_function(panel, args=(settings,)).run()
    assert not page.exception
    assert page.session_state["read"] == RetrievalSettings.parse(**settings).model_dump()


def test_conditions_that_are_no_json_are_one_sentence() -> None:
    page = AppTest.from_function(panel, args=({},)).run()
    page.text_input(key="t_find_where").set_value("page > 3").run()
    assert page.session_state["read"].startswith("The conditions 'page > 3' are no JSON object")
    page.text_input(key="t_find_where").set_value('{"page": 3}').run()
    page.multiselect(key="t_find_only").set_value(["b.md"]).run()
    assert page.session_state["read"]["where"] == {"$and": [{"source": {"$in": ["b.md"]}}, {"page": 3}]}


class Sent:
    """A file as a browser sends it."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.content = name, content

    def getbuffer(self) -> memoryview:
        return memoryview(self.content)


def test_uploads_lie_under_our_names_and_go_a_day_later_unless_a_job_needs_them(loupe_home: Path) -> None:
    gone, needed = (uploads.keep([Sent(f"../../{name}", name.encode())]) for name in ("one", "two"))
    assert [Path(source.path).read_bytes() for source in (*gone, *needed)] == [b"one", b"two"]
    assert [source.name for source in (*gone, *needed)] == ["../../one", "../../two"]
    assert {Path(source.path).parents[1] for source in (*gone, *needed)} == {loupe_home / "uploads"}
    now = datetime.now(UTC)
    jobs.create(
        jobs.JobRow(
            id="0" * 20,
            kind="ingest",
            title="",
            status="interrupted",
            created_at=now,
            updated_at=now,
            request=json.dumps({"sources": [{"path": needed[0].path}]}),
        )
    )
    for source in (*gone, *needed):
        os.utime(Path(source.path).parent, (0, 0))
    uploads.keep([Sent("three", b"three")])
    assert not Path(gone[0].path).exists()
    assert Path(needed[0].path).exists()


def test_a_disk_that_cannot_be_written_is_one_sentence_and_leaves_nothing(
    loupe_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Sent):
        def getbuffer(self) -> memoryview:
            raise OSError(28, "No space left on device")

    with pytest.raises(InvalidInput, match="No space left on device; free some space"):
        uploads.keep([Sent("one", b"one"), Full("two", b"")])
    assert list((loupe_home / "uploads").iterdir()) == []
