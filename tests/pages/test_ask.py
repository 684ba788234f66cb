"""The page Ask under AppTest: a real search and a scripted model; what is asked, shown, refused, opened, linked to.

Whether an answer is any good is not asked here.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from core.documents.answering import AnswerRequest, runs
from core.documents.settings import RetrievalSettings
from core.store import runs as store
from pages.shared.documents.answer_column import parts
from tests.core.documents.answering.scripted import Scripted, script
from tests.core.documents.retrieval.library import PLANETS, WordCounts, make, put, words
from tests.pages.document_pages import HOSTILE, IMAGE, LINK, DocumentsPage, live_in_markdown

QUESTION = "Which planet is the largest?"
SAID = "Jupiter is the largest planet [1]. It is made of cheese and 77 moons."
__all__ = ["words"]


@pytest.fixture
def planets(words: WordCounts) -> str:
    """Name of a small collection."""
    put(make("planets"), PLANETS)
    return "planets"


class Ask(DocumentsPage):
    """The page with short answers."""

    def __init__(self, **query: str) -> None:
        super().__init__("ask", **query)

    def ask(self, question: str = QUESTION) -> list[runs.RunView]:
        """Type a question; its answers once all have ended."""
        self.app.chat_input(key="ask_question").set_value(question).run()
        assert not self.app.exception
        return self.finished()

    def finished(self) -> list[runs.RunView]:
        """The shown answers once they have ended, and the page drawn anew."""
        deadline = time.monotonic() + 60
        while any(runs.get(run_id).running for run_id in self.ids):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.run()
        return [runs.get(run_id) for run_id in self.ids]

    @property
    def ids(self) -> list[str]:
        """The runs in the URL."""
        return self.query("answers").split(".")


def test_without_a_collection_it_teaches_and_offers_one() -> None:
    page = Ask()
    assert "A **collection** is a set of files" in page.words()
    assert page.has("documents_example")
    assert not page.app.chat_input


def test_an_empty_collection_cannot_be_asked_and_says_where_files_go(words: WordCounts) -> None:
    make("empty")
    page = Ask()
    assert "This collection is empty" in page.words()
    assert page.app.chat_input(key="ask_question").disabled


def test_with_and_without_documents_stand_side_by_side(planets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, *[lambda request: SAID if "passages" in str(request) else "Saturn."] * 2)
    page = Ask()
    with_, without = page.ask()
    assert with_.request.with_documents and not without.request.with_documents
    assert with_.request.params == without.request.params
    assert PLANETS["jupiter.txt"] in next(prompt for prompt in model.prompts if "passages" in prompt)
    shown = page.words()
    assert "**With documents**" in shown and "**Without documents**" in shown
    assert "1 of 2 sentences supported" in shown
    first = page.component(f"ask_answer_{with_.id}")["parts"]
    assert [part["n"] for part in first if part["n"]] == [1]
    assert [part["t"].strip() for part in first if part["doubtful"]] == ["It is made of cheese and 77 moons."]
    assert [part["t"] for part in page.component(f"ask_answer_{without.id}")["parts"]] == ["Saturn."]
    assert "Context window 8,192 tokens" in shown


def test_an_answer_under_way_is_found_by_its_link_and_stopped_from_there(
    planets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    script(monkeypatch, *[lambda request: "Too late." if gate.wait(60) else ""] * 2)
    page = Ask()
    page.app.chat_input(key="ask_question").set_value(QUESTION).run()
    assert not page.app.exception
    assert page.app.chat_input(key="ask_question").disabled
    other = Ask(answers=page.query("answers"))
    assert other.ids == page.ids
    other.click("ask_stop_all")
    gate.set()
    with_, without = page.finished()
    assert (with_.status, without.status) == ("cancelled", "cancelled")
    assert with_.result.passages and not with_.result.answer
    assert not page.app.chat_input(key="ask_question").disabled


def test_a_citation_opens_the_passage_beside_the_answer(planets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, *[SAID] * 2)
    page = Ask()
    with_, _ = page.ask()
    page.click(f"ask_passage_{with_.id}_1")
    shown = page.component(f"ask_reader_{with_.id}_1")
    source = with_.result.passages[0].source
    assert "".join(piece["t"] for piece in shown["pieces"]) == PLANETS[source]
    assert "".join(piece["t"] for piece in shown["pieces"] if piece["h"]).strip()
    assert "**Without documents**" not in page.words()
    page.click("ask_close")
    assert "**Without documents**" in page.words()


def test_a_passage_whose_document_was_removed_is_still_quoted(planets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.documents import collections

    script(monkeypatch, *[SAID] * 2)
    page = Ask()
    with_, _ = page.ask()
    collections.remove(planets, [with_.result.passages[0].source])
    page.click(f"ask_passage_{with_.id}_1")
    assert with_.result.passages[0].quote in [each.value for each in page.app.code]


def test_what_no_passage_is_close_to_is_refused_without_asking_the_model(
    planets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, "Nobody knows.")  # for the answer without documents
    page = Ask()
    with_, _ = page.ask("Xylophone quartz?")
    assert with_.result.refused == "no passages"
    assert "**This is not in the documents.**" in page.words()
    assert "the model was not asked" in page.words()


def test_two_settings_side_by_side_tell_which_ranks_moved(planets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, *[SAID] * 2)
    page = Ask()
    page.set("ask_beside", "settings")
    page.set("ask_find_mode", "keyword")
    page.set("ask_other_find_k", 2)
    first, second = page.ask()
    assert (first.request.retrieval.mode, second.request.retrieval.k) == ("keyword", 2)
    shown = page.words()
    assert "**These settings**" in shown and "**The other settings**" in shown
    mine = {each.id: rank for rank, each in enumerate(first.result.passages, 1)}
    for rank, each in enumerate(second.result.passages, 1):
        move = "new" if each.id not in mine else "=" if mine[each.id] == rank else f"{abs(mine[each.id] - rank)}"
        assert move in shown


def test_a_follow_up_remembers_what_each_column_said(planets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(
        monkeypatch,
        *["Jupiter is the largest planet [1]."] * 2,
        *[lambda request: "Which planet has a red spot?" if "stand" in str(request).lower() else "Jupiter."] * 4,
    )
    page = Ask()
    first, _ = page.ask()
    second, other = page.ask("And which has a red spot?")
    assert second.request.parent == first.id
    assert [message.content for message in second.request.history] == [QUESTION, first.result.answer]
    assert other.request.history[-1].content == "Jupiter is the largest planet [1]."
    assert "Earlier in this conversation, 1" in [each.label for each in page.app.expander]
    assert len(model.requests) >= 4


def test_a_link_shows_the_same_answers_with_their_settings_in_another_browser(
    planets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, *[SAID] * 2)
    page = Ask()
    page.set("ask_find_k", 3)
    page.set("ask_max_tokens", 33)
    page.ask()
    other = Ask(answers=page.query("answers"))
    assert other.ids == page.ids
    assert other.app.get_by_key("ask_find_k").value == 3
    assert other.app.get_by_key("ask_max_tokens").value == 33
    assert other.app.text[0].value == QUESTION


def test_new_shows_nothing_and_keeps_the_settings(planets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, *[SAID] * 2)
    page = Ask()
    page.set("ask_find_k", 3)
    page.ask()
    page.click("ask_new")
    assert "answers" not in page.app.query_params
    assert page.app.get_by_key("ask_find_k").value == 3


@pytest.mark.parametrize("bad", ["0123456789abcdef0123", "<b>x</b>"])
def test_an_unknown_link_says_so(planets: str, bad: str) -> None:
    page = Ask(answers=bad)
    assert any("no run" in error.lower() or "no such run" in error.lower() for error in page.errors())
    assert store.list_runs() == []


def test_a_question_that_cannot_be_asked_is_not_lost(planets: str) -> None:
    page = Ask()
    page.set("ask_find_where", "page > 3")
    page.app.chat_input(key="ask_question").set_value(QUESTION).run()
    assert page.errors()[0].startswith("The conditions 'page > 3' are no JSON object")
    assert store.list_runs() == []


def test_hostile_text_is_shown_letter_by_letter(words: WordCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"The largest planet is {HOSTILE}."
    put(make("planets"), {f"{IMAGE}.txt": text})
    script(monkeypatch, *[f"The largest planet is {HOSTILE} [1]."] * 2)
    page = Ask()
    with_, without = page.ask(f"{QUESTION} {LINK}")
    page.click(f"ask_passage_{with_.id}_1")
    for harmful in (IMAGE, LINK, "**bold**", ":red[red]"):
        assert live_in_markdown(page.raw(), harmful) == []
    answer = "".join(part["t"] for part in page.component(f"ask_answer_{with_.id}")["parts"])
    assert HOSTILE in answer
    assert "".join(piece["t"] for piece in page.component(f"ask_reader_{with_.id}_1")["pieces"]) == text
    assert without.result.answer and HOSTILE in without.result.answer


def test_an_answer_is_on_the_runs_page_with_its_way_back(planets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, *[SAID] * 2)
    page = Ask()
    with_, _ = page.ask()
    page.app.query_params.clear()
    page.app.switch_page("pages/work/runs.py")
    page.run()
    place = [row.id for row in store.list_runs()].index(with_.id)
    page.app.session_state[page.app.dataframe[0].key] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    page.run()
    assert [part["n"] for part in page.component(f"ask_answer_{with_.id}")["parts"] if part["n"]] == [1]
    page.click(f"ask_passage_{with_.id}_1")
    assert page.component(f"ask_reader_{with_.id}_1")["marked"]
    assert "Open in Ask" in [link.proto.label for link in page.app.get("page_link")]


def answered(said: str, monkeypatch: pytest.MonkeyPatch, **values: Any) -> tuple[runs.RunView, Scripted]:
    model = script(monkeypatch, said)
    request = AnswerRequest.parse(
        question=QUESTION, model="smollm2", collection="planets", retrieval=RetrievalSettings(k=2), **values
    )
    run = runs.start(request)
    assert run.wait(60)
    return runs.get(run.id), model


def test_the_parts_of_an_answer_are_its_text_with_the_citations_taken_out(
    planets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = answered("Jupiter is the largest planet [1, 9]. Its red spot is a storm.", monkeypatch, strict=False)
    found = parts(run)
    text = "".join(part.text for part in found)
    assert text == "Jupiter is the largest planet . Its red spot is a storm."
    cited = [(part.cites, part.bad) for part in found if part.cites]
    assert cited[:2] == [(1, False), (9, True)]
    assert found[-1].cites == 1 and "the model did not cite it" in found[-1].about
