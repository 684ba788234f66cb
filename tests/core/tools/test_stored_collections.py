"""Search and Lookup over a collection of documents, by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.documents import collections as stored
from core.errors import InvalidInput, NotFound
from core.tools import Toolbox, chosen
from core.tools.collections import folder_of, known_collections, open_collection
from tests.core.documents.retrieval.library import PLANETS, WordCounts, make, put, words

__all__ = ["words"]
LONG = "The big report. " + "It speaks of planets. " * 100 + "On the last page it names Ceres, the smallest dwarf."


def box(name: str) -> Toolbox:
    return Toolbox(chosen(None, name), name)


def test_a_collection_is_searched_by_its_name_and_looked_up_in(words: WordCounts) -> None:
    put(make(), {**PLANETS, "report.pdf": LONG}, size=200)
    tools = box("planets")
    assert {"Search", "Lookup"} <= set(tools.tools)
    said = tools.call("Search", "Which planet is the hottest?")
    assert said.ok and said.text.startswith("(Venus) Venus is the hottest planet")
    assert (said.data["source"], said.data["collection"]) == ("venus.txt", "planets")
    assert tools.call("Search", "the Saturn").text == PLANETS["saturn.txt"]  # a title
    assert tools.call("Search", "report").data["title"] == "Report"  # a file's name
    assert tools.call("Lookup", "Ceres").text == (
        "(Result 1 / 1) On the last page it names Ceres, the smallest dwarf."  # far behind what was shown
    )


def test_each_document_comes_once(words: WordCounts) -> None:
    put(make(), {"a.txt": "red planet " * 60, "b.txt": "a red stone"}, size=110)
    hits = open_collection("planets").search("red planet", 6)
    assert [hit.page.source for hit in hits] == ["a.txt", "b.txt"]


def test_what_is_nothing_like_it_finds_nothing(words: WordCounts) -> None:
    put(make(), PLANETS)
    assert box("planets").call("Search", "zebra crossing").text.startswith("Could not find [zebra crossing].")
    assert box("planets").call("Search", "Satrun").text == "Could not find [Satrun]. Similar: Saturn."
    make("empty")
    assert box("empty").call("Search", "Saturn").text.startswith("Could not find")


def test_a_change_of_the_collection_is_seen_and_an_unchanged_one_is_kept(words: WordCounts) -> None:
    row = put(make(), PLANETS)
    first = open_collection("planets")
    assert open_collection("planets") is first
    put(row, {"pluto.txt": "Pluto is a dwarf planet."})
    assert box("planets").call("Search", "Pluto").text == "Pluto is a dwarf planet."
    stored.remove("planets", ["pluto.txt"])
    assert not box("planets").call("Search", "Pluto").text.startswith("Pluto is")


def test_a_name_is_a_collection_s_before_it_is_a_folder_s(
    words: WordCounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "planets").mkdir()
    (tmp_path / "planets" / "a.txt").write_text("A folder's text.")
    assert folder_of("planets") == tmp_path / "planets"
    put(make(), PLANETS)
    assert folder_of("planets") is None
    assert folder_of("./planets") == tmp_path / "planets"
    assert known_collections() == ("planets", "solar-system")
    assert open_collection("./planets").search("text", 1)[0].page.text == "A folder's text."
    for name, error in (("nowhere", NotFound), ("a\0b", NotFound), (" ", InvalidInput)):
        with pytest.raises(error):
            folder_of(name)
