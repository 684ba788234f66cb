"""The page Collections under AppTest: empty, previewing, adding, looking inside, changing, deleting; hostile files.

The embedding model counts words, so that adding is quick; jobs are done by their real worker where a job is the point.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.documents import collections
from core.documents.ingest import job as ingest
from core.jobs import JobContext
from core.settings import get_settings
from tests.core.documents.retrieval.library import PLANETS, WordCounts, make, put, words
from tests.pages.document_pages import HOSTILE, IMAGE, LINK, DocumentsPage, live_in_markdown, wait_for_jobs

__all__ = ["words"]
TEXT = "".join(f"Sentence {number} says that the lens gathers light and bends it.\n\n" for number in range(60))


@pytest.fixture
def planets(words: WordCounts) -> str:
    """Name of a small collection."""
    put(make("planets"), PLANETS)
    return "planets"


class Shelf(DocumentsPage):
    """The page, with files laid out by a browser."""

    def __init__(self, collection: str | None = None) -> None:
        super().__init__("collections", **({"collection": collection} if collection else {}))

    def lay_out(self, *files: tuple[str, bytes]) -> None:
        """Drop files on the page."""
        self.app.file_uploader[0].set_value([(name, content, "text/plain") for name, content in files])
        self.run()

    def tab(self, name: str) -> None:
        """Open a tab."""
        view = collections.get(self.query("collection"))
        self.app.session_state[f"docs_tab_{view.id}"] = name
        self.run()


def test_an_empty_page_teaches_and_one_click_makes_an_example_that_can_be_asked() -> None:
    page = Shelf()
    assert "A **collection** is a set of files" in page.words()
    page.click("documents_example")
    assert "The example collection is being made" in page.words()
    [job] = wait_for_jobs()
    assert job.status == "finished", job.error
    page.run()
    view = collections.get("solar-system")
    assert view.documents == 14
    assert page.app.chat_input(key="ask_question")  # it went on to Ask
    assert page.app.get_by_key("collection").value == "solar-system"


def test_a_new_collection_is_made_and_opened(words: WordCounts) -> None:
    page = Shelf()
    page.set("docs_new_name", "my files")
    page.click("docs_make")
    assert page.query("collection") == "my files"
    assert "0 files · 0 chunks" in page.words()


@pytest.mark.parametrize(("name", "sentence"), [("  ", "A collection needs a name."), ("planets", "already")])
def test_a_name_that_cannot_be_is_a_sentence(planets: str, name: str, sentence: str) -> None:
    page = Shelf()
    page.set("docs_new_name", name)
    page.click("docs_make")
    assert any(sentence in error for error in page.errors())
    assert len(collections.list_collections()) == 1


def test_a_file_is_seen_in_chunks_before_anything_is_stored(words: WordCounts) -> None:
    make("new", splitter="recursive")
    page = Shelf("new")
    page.set("docs_split_chunk_size", 40)
    page.set("docs_split_chunk_overlap", 8)
    page.lay_out(("notes.md", TEXT.encode()))
    shown = page.component("docs_preview_new")
    assert "".join(piece["t"] for piece in shown["pieces"]) == TEXT.strip() or TEXT.strip() in "".join(
        piece["t"] for piece in shown["pieces"]
    )
    numbers = [chunk["n"] for piece in shown["pieces"] for chunk in piece["new"]]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 5
    assert any(len(piece["in"]) == 2 for piece in shown["pieces"])  # what two chunks share
    assert f"**{len(numbers)} chunks**" in page.words()
    assert jobs.list_jobs() == []
    assert collections.get("new").documents == 0


def test_chunks_that_the_model_does_not_read_whole_are_warned_of(words: WordCounts) -> None:
    make("new", splitter="none")
    page = Shelf("new")
    page.set("docs_split_splitter", "none")
    page.lay_out(("long.txt", TEXT.encode()))
    [warning] = [each.value for each in page.app.warning]
    assert "254" in warning or "256" in warning
    shown = page.component("docs_preview_new")
    assert [chunk["warn"] for piece in shown["pieces"] for chunk in piece["new"]] == [True]


def test_settings_that_do_not_go_together_are_one_sentence(words: WordCounts) -> None:
    make("new", splitter="fixed")
    page = Shelf("new")
    page.lay_out(("notes.md", TEXT.encode()))
    page.set("docs_split_chunk_size", 16)
    page.set("docs_split_chunk_overlap", 16)
    assert any("chunk_overlap 16 must be smaller than chunk_size 16" in error for error in page.errors())
    assert next(each for each in page.app.button if each.key.startswith("docs_add_")).disabled


def test_adding_starts_a_job_with_the_files_and_the_way_they_were_seen_cut(
    words: WordCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(jobs, "start", lambda *values: (started.append(values), "0" * 20)[1])
    row = make("new", splitter="recursive")
    page = Shelf("new")
    page.set("docs_split_splitter", "sentence")
    page.set("docs_split_chunk_size", 48)
    page.lay_out(("../../etc/passwd", b"one text"), ("b.md", b"another text"))
    page.click("docs_add_new")
    [(kind, title, request)] = started
    assert (kind, request["collection"]) == ("ingest", row.id)
    assert "2 files" in title
    uploads = get_settings().home / "uploads"
    for source, content in zip(request["sources"], (b"one text", b"another text"), strict=True):
        assert Path(source["path"]).is_relative_to(uploads)
        assert Path(source["path"]).name.isdigit()  # what a person called it is shown and nothing else
        assert Path(source["path"]).read_bytes() == content
    view = collections.get("new")
    assert (view.splitter.splitter, view.splitter.chunk_size) == ("sentence", 48)
    assert page.app.file_uploader[0].value == []  # nothing is added twice

    result = ingest.run(request, JobContext("x"))
    assert [file["status"] for file in result["files"]] == ["added", "added"]
    page.run()
    page.tab("Files")
    assert "2 files · 2 chunks" in page.words()


def test_a_collection_that_holds_files_keeps_its_way_of_cutting(planets: str) -> None:
    page = Shelf(planets)
    page.tab("Add")
    assert "Another way needs another collection" in page.words()
    assert "docs_split_splitter" not in [each.key for each in page.app.selectbox]


def test_a_folder_that_is_not_there_is_one_sentence(words: WordCounts) -> None:
    make("new")
    page = Shelf("new")
    page.set("docs_from", "folder")
    page.set("docs_folder", "/no/such/folder")
    assert page.errors() == ["There is no folder or file /no/such/folder."]


def test_a_folder_is_previewed_file_by_file(words: WordCounts, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("a.md", "b.md"):
        (folder / name).write_text(f"This is {name}.")
    make("new")
    page = Shelf("new")
    page.set("docs_from", "folder")
    page.set("docs_folder", str(folder))
    picker = next(each for each in page.app.selectbox if each.label.startswith("File (2)"))
    assert picker.options == ["texts/a.md", "texts/b.md"]
    assert "This is a.md." in "".join(piece["t"] for piece in page.component("docs_preview_new")["pieces"])


def test_an_address_inside_the_own_network_is_refused(words: WordCounts) -> None:
    make("new")
    page = Shelf("new")
    page.set("docs_from", "address")
    page.set("docs_address", "http://127.0.0.1/secret")
    page.click("docs_fetch")
    assert len(page.errors()) == 1
    assert next(each for each in page.app.button if each.key.startswith("docs_add_")).disabled


def test_a_document_is_shown_with_its_stored_chunks(words: WordCounts) -> None:
    text = PLANETS["mars.txt"]
    put(make("planets"), {"mars.txt": text}, size=30, pages=True)
    [document] = collections.documents("planets")
    page = Shelf("planets")
    page.app.session_state["docs_opened"] = (document.id, 1)
    page.run()
    shown = page.component(f"docs_text_{document.id}")
    assert "".join(piece["t"] for piece in shown["pieces"]) == text
    assert [chunk["n"] for piece in shown["pieces"] for chunk in piece["new"]] == [1, 2, 3]
    assert [piece["p"] for piece in shown["pieces"]] == ["page 1", "page 2", "page 3"]
    assert shown["chosen"] == 2
    assert "**Chunk 2** · 1 tokens · characters 30–60 · page 2" in page.words()


def test_the_map_draws_every_chunk_and_marks_what_a_question_finds(planets: str) -> None:
    page = Shelf(planets)
    page.tab("Map")
    page.set("docs_map_query", "rings of ice")
    [chart] = [node.proto for node in page.app.get("vega_lite_chart")] or [None]
    assert "principal components keep" in page.words()
    assert chart is None or "question" in chart.spec


def test_rename_keeps_the_files_and_the_page(planets: str) -> None:
    page = Shelf(planets)
    view = collections.get(planets)
    page.set(f"docs_manage_{view.id}_name", "worlds")
    page.click(f"docs_manage_{view.id}_rename")
    assert page.query("collection") == "worlds"
    assert collections.get("worlds").documents == len(PLANETS)


def test_deleting_asks_first_and_then_shows_what_is_left(planets: str) -> None:
    page = Shelf(planets)
    view = collections.get(planets)
    delete = f"docs_manage_{view.id}_delete"
    assert next(each for each in page.app.button if each.key == delete).disabled
    page.app.checkbox(key=f"docs_manage_{view.id}_sure").check()
    page.run()
    page.click(delete)
    assert collections.list_collections() == []
    assert "collection" not in page.app.query_params
    assert page.has("documents_example")


def test_a_collection_of_the_same_name_shows_its_own_files(planets: str) -> None:
    page = Shelf(planets)
    assert page.app.dataframe[0].value["File"].tolist() == list(PLANETS)
    collections.delete(planets)
    put(make(planets), {"other.txt": "Something else."})
    page.run()
    assert page.app.dataframe[0].value["File"].tolist() == ["other.txt"]


def test_ticked_files_are_removed_after_a_question(planets: str) -> None:
    page = Shelf(planets)
    page.app.session_state[page.app.dataframe[0].key] = {"selection": {"rows": [0, 2], "columns": [], "cells": []}}
    page.run()
    assert "Remove 2 files from the collection?" in page.words()
    page.click("docs_remove")
    assert [each.path for each in collections.documents(planets)] == [
        name for place, name in enumerate(PLANETS) if place not in (0, 2)
    ]


def test_an_unknown_collection_is_one_sentence_and_the_others_are_listed(planets: str) -> None:
    page = Shelf("<b>none</b>")
    assert "There is no collection “<b>none</b>”" in page.words()
    assert live_in_markdown(page.raw(), "<b>none</b>") == []
    assert page.app.dataframe


def test_hostile_names_and_texts_are_shown_letter_by_letter(words: WordCounts) -> None:
    name = f"{IMAGE} {LINK}"
    put(make(name), {f"{IMAGE}.txt": HOSTILE, "b.txt": f"{LINK} and more"})
    document = collections.documents(name)[0]
    page = Shelf(name)
    page.app.session_state["docs_opened"] = (document.id, None)
    page.run()
    page.tab("Add")
    page.lay_out((f"{IMAGE}.md", HOSTILE.encode()))
    assert HOSTILE in "".join(piece["t"] for piece in page.component("docs_preview_")["pieces"])
    page.tab("Files")
    assert HOSTILE in "".join(piece["t"] for piece in page.component(f"docs_text_{document.id}")["pieces"])
    for harmful in (IMAGE, LINK, "**bold**"):
        assert live_in_markdown(page.raw(), harmful) == []
