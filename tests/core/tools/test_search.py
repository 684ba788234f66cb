"""Search and Lookup over a folder of text files: what is found, what is left out, and never outside the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.tools import TOOLS, Toolbox, chosen
from core.tools.collections import folder, open_collection, reading, shipped_collections
from core.tools.page import FIRST_SENTENCES, PASSAGE, Page, sentences

EVEREST = """# Mount Everest

Mount Everest is the highest mountain on Earth. Its top is 8,849 m above the sea. It lies in Nepal and China.

Edmund Hillary and Tenzing Norgay climbed it first, on 29 May 1953. Dr. Smith was not there.
The height was measured again in 2020.
"""
K2 = "K2\n\nK2 is the second-highest mountain. Its top is 8,611 m above the sea.\n"


@pytest.fixture
def mountains(tmp_path: Path) -> Path:
    where = tmp_path / "mountains"
    (where / "deep").mkdir(parents=True)
    (where / "everest.md").write_text(EVEREST)
    (where / "k2.txt").write_text(K2)
    (where / "deep" / "lake_baikal.txt").write_bytes("\ufeffThe deepest lake.\r\n\r\nIt is 1,642 m deep.".encode())
    return where


def box(where: Path) -> Toolbox:
    return Toolbox(chosen(None, str(where)), str(where))


def test_a_title_gives_the_first_sentences(mountains: Path) -> None:
    for query in ("Mount Everest", "mount everest", '"Mount Everest"', " the  Mount Everest. "):
        said = box(mountains).call("Search", query)
        assert said.text.startswith("Mount Everest is the highest mountain on Earth. Its top is 8,849 m")
        assert said.data["title"] == "Mount Everest"
        assert said.data["source"] == "everest.md"


def test_a_question_gives_the_best_passage_and_what_is_similar(mountains: Path) -> None:
    said = box(mountains).call("Search", "Who climbed the highest mountain first?")
    assert said.text.startswith("(Mount Everest) Edmund Hillary and Tenzing Norgay climbed it first")
    assert said.text.endswith("Similar: K2.")
    assert box(mountains).call("Search", "lakes").data["title"] == "lake baikal"  # stemmed, and named after its file


def test_nothing_found_is_an_answer(mountains: Path) -> None:
    said = box(mountains).call("Search", "zebra")
    assert said.ok
    assert said.text == "Could not find [zebra]. Nothing in the collection is like it."
    assert box(mountains).call("Search", "lakebaikol").text == "Could not find [lakebaikol]. Similar: lake baikal."
    assert box(mountains).call("Search", "the of and").text.startswith("Could not find")
    assert not box(mountains).call("Search", '""').ok
    assert len(box(mountains).call("Search", "a" * 10**6).text) < 300


def test_lookup_goes_from_result_to_result(mountains: Path) -> None:
    tools = box(mountains)
    assert tools.call("Lookup", "top").text == "There is no document to look in yet: search for one first."
    tools.call("Search", "Mount Everest")
    said = [tools.call("Lookup", word).text for word in ("IT", "it", "height", "it", "it", "it")]
    assert said == [
        "(Result 1 / 4) Its top is 8,849 m above the sea.",
        "(Result 2 / 4) It lies in Nepal and China.",
        "(Result 1 / 1) The height was measured again in 2020.",
        "(Result 3 / 4) Edmund Hillary and Tenzing Norgay climbed it first, on 29 May 1953.",
        "(Result 4 / 4) Dr. Smith was not there.",
        "No more results for [it] in Mount Everest.",
    ]
    assert tools.call("Lookup", "top").text.startswith("(Result 1 / 1)")
    assert tools.call("Lookup", "top").text.startswith("No more results")
    assert tools.call("Lookup", "yeti").text == "No results for [yeti] in Mount Everest."
    tools.call("Search", "no such thing as a zebra")  # finds nothing: the document stays
    assert tools.call("Lookup", "Nepal").text.startswith("(Result 1 / 1)")
    tools.call("Search", "K2")
    assert tools.call("Lookup", "top").text == "(Result 1 / 1) Its top is 8,611 m above the sea."


def test_a_file_that_changes_is_read_again_and_an_unchanged_folder_is_not(mountains: Path) -> None:
    first = open_collection(str(mountains))
    assert open_collection(str(mountains)) is first
    (mountains / "lhotse.md").write_text("# Lhotse\n\nLhotse is the fourth-highest.")
    assert box(mountains).call("Search", "Lhotse").text == "Lhotse is the fourth-highest."
    (mountains / "k2.txt").write_text("K2\n\nChogori is another name of K2, and this text is longer.")
    assert "Chogori" in box(mountains).call("Search", "K2").text
    (mountains / "k2.txt").unlink()
    assert "Chogori" not in box(mountains).call("Search", "Chogori mountain").text


def test_what_cannot_be_read_is_named_and_the_rest_is_found(mountains: Path, tmp_path: Path) -> None:
    (mountains / "picture.txt").write_bytes(b"\x89PNG\xff\xfe")
    (mountains / "zero.md").write_bytes(b"a\0b")
    (mountains / "empty.txt").write_text(" \n")
    (mountains / "table.csv").write_text("not,looked,at")
    (mountains / ".hidden.txt").write_text("not looked at either")
    os.mkfifo(mountains / "pipe.txt")
    secret = tmp_path / "secret.txt"
    secret.write_text("the canary sings")
    (mountains / "link.txt").symlink_to(secret)
    (mountains / "round.md").symlink_to("round.md")
    (mountains / "again.md").symlink_to("everest.md")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "far.txt").write_text("the canary sings far away")
    (mountains / "folder").symlink_to(outside)
    said = box(mountains).call("Search", "canary sings")
    assert said.text.startswith("Could not find")
    assert box(mountains).call("Search", "K2").ok
    skipped = " ".join(said.data["skipped"])
    assert "link.txt is left out: it is a link out of the folder." in skipped
    assert "pipe.txt is left out: it is no plain file." in skipped
    assert "1 more file is left out." in skipped  # of six, five are named
    assert "table.csv" not in skipped and "hidden" not in skipped


def test_how_much_is_read_has_bounds(mountains: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 200)
    found, left_out = reading.listing(mountains)
    assert [file.name for file in found] == ["k2.txt", "deep/lake_baikal.txt"]
    assert left_out == [("everest.md", "is larger than 0 MB")]
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10**6)
    monkeypatch.setattr(reading, "MAX_FILES", 1)
    assert [name for name, _ in reading.listing(mountains)[1]] == ["k2.txt", "deep/lake_baikal.txt"]
    monkeypatch.setattr(reading, "MAX_FILES", 100)
    monkeypatch.setattr(reading, "MAX_TOTAL_BYTES", 350)
    assert "comes after the first 0 MB" in reading.listing(mountains)[1][0][1]
    monkeypatch.setattr(reading, "MAX_SEEN", 3)
    assert reading.listing(mountains)[1][-1] == ("deep", "comes after the first 3 entries, as does what follows")
    monkeypatch.setattr(reading, "MAX_DEPTH", 0)
    assert ("deep", "lies too deep") in reading.listing(mountains)[1]


def test_a_folder_without_texts_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"holds no readable \.txt or \.md file"):
        open_collection(str(tmp_path))
    (tmp_path / "a.txt").write_bytes(b"\xff")
    with pytest.raises(InvalidInput, match=r"a\.txt is left out: it is not UTF-8 text\."):
        open_collection(str(tmp_path))
    said = Toolbox(TOOLS, str(tmp_path)).call("Search", "x")
    assert not said.ok and "not UTF-8" in said.text
    (tmp_path / "a.txt").write_text("!?")  # no word in it
    assert Toolbox(TOOLS, str(tmp_path)).call("Search", "x").text.startswith("Could not find [x].")


def test_only_so_many_indexes_are_kept(tmp_path: Path) -> None:
    for number in range(folder.KEPT + 2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "a.txt").write_text(f"number {number}")
        open_collection(str(tmp_path / str(number)))
    assert len(folder._cache) == folder.KEPT


def test_a_document_may_be_one_endless_line(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("word " * 200_000)
    said = Toolbox(TOOLS, str(tmp_path)).call("Search", "word")
    assert said.ok and len(said.text) < PASSAGE + 100


def test_sentences_end_where_a_reader_sees_it() -> None:
    text = "It is 3.5 m tall, e.g. here. “Really?” Yes! A line\ngoes on. The U.S. Navy (see p. 7) sailed.\n- One\n\nTwo"
    assert sentences(text) == [
        "It is 3.5 m tall, e.g. here.",
        "“Really?”",
        "Yes!",
        "A line goes on.",
        "The U.S. Navy (see p. 7) sailed.",
        "- One",
        "Two",
    ]
    assert len(Page("t", "One. " * 50).opening().split()) == FIRST_SENTENCES


def test_shipped_collections_can_be_searched() -> None:
    assert shipped_collections()
    for name in shipped_collections():
        collection = open_collection(name)
        assert collection.notes == ()
        titles = {hit.page.title for hit in collection.search("the sun and its planets", 100)}
        for title in titles:
            assert collection.search(title, 1)[0].exact
