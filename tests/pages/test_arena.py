"""The Arena under AppTest, on a tiny real model: blind until the vote, then names, ratings, the next pair.

Whether an answer is any good is not asked here: the tiny model's weights are random.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.evals import arena
from core.evals.arena import Match
from core.evals.arena.ballots import identity
from core.evals.arena.naming import about, name_of
from core.store import votes as store
from pages.shared.arena import draft, session
from tests.core.evals.arena.voting import contestant
from tests.pages.conftest import ROOT

SYSTEM = "Canary of a system prompt"


class Arena:
    """The page, with three contestants of the tiny model."""

    def __init__(self, model: Path, **query: str) -> None:
        self.model = f"path:{model}"
        asked = {"role": "user", "content": "{{question}}"}
        brief = contestant("Brief canary", model=self.model, messages=[{"role": "system", "content": SYSTEM}, asked])
        three = (contestant("Plain canary", model=self.model), contestant("Warm canary", 1.0, model=self.model), brief)
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        self.app.session_state[draft.CONTESTANTS] = three
        self.app.run()
        self.app.switch_page("pages/try/arena.py")
        for name, value in query.items():
            self.app.query_params[name] = value
        self.run()

    def run(self) -> None:
        """Draw the page anew."""
        self.app.run()
        assert not self.app.exception

    def click(self, key: str) -> None:
        """Press the button whose key is, or begins with, `key`."""
        next(each for each in self.app.button if each.key and each.key.startswith(key)).click()
        self.run()

    @property
    def match(self) -> Match:
        """The match in the URL."""
        value = self.app.query_params[session.MATCH]
        return arena.find(value[0] if isinstance(value, list) else value)

    def finished(self) -> Match:
        """The shown match once both answers have ended, and the page drawn anew."""
        deadline = time.monotonic() + 60
        while any(each.running for each in self.match.answers()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.run()
        return self.match

    def meet(self) -> Match:
        """A question, and two answers to it."""
        self.app.get_by_key(session.QUESTION).set_value("How many apples?")
        self.run()
        self.click("arena_begin")
        return self.finished()

    def buttons(self) -> list[str]:
        """Every button."""
        return [each.key for each in self.app.button if each.key]

    def everything(self) -> str:
        """All that the server sent to the browser, and the URL."""
        sent = [str(getattr(node, "proto", "")) for part in (self.app.main, self.app.sidebar) for node in _walk(part)]
        return "\n".join([*sent, json.dumps(dict(self.app.query_params))])


def _walk(node: Any) -> list[Any]:
    found = [node]
    for child in getattr(node, "children", {}).values():
        found += _walk(child)
    return found


@pytest.fixture
def page(tiny_model: Path) -> Arena:
    """A fresh browser on the Arena."""
    return Arena(tiny_model)


def test_nothing_tells_who_is_who_until_the_vote(page: Arena) -> None:
    told = ("canary", "Canary", page.model, "temperature", " tokens", " s in all", "smollm2", "Bradley")
    assert all(word in page.everything() for word in ("Plain canary", "Warm canary", "Brief canary"))
    match = page.meet()
    sent = page.everything()
    assert [word for word in told if word in sent] == []
    assert not any(run in sent for run in match.runs)
    page.click("arena_vote_left")
    sent = page.everything()
    assert match.left.name in sent and match.right.name in sent and "tokens" in sent
    assert "You preferred the left answer" in sent.replace("\\", "") and "Bradley" in sent


def test_a_vote_is_kept_with_its_comment_and_the_next_pair_meets(page: Arena) -> None:
    first = page.meet()
    page.app.get_by_key(session.comment_key(first.id)).set_value("clearer")
    page.run()
    page.click("arena_vote_both-bad")
    [vote] = store.list_votes()
    assert (vote.outcome, vote.comment, vote.question, vote.topic) == (
        "both-bad",
        "clearer",
        "How many apples?",
        "General",
    )
    assert (vote.left_name, vote.right_name) == (first.left.name, first.right.name) and len(vote.voter) == 16
    assert not any(key.startswith("arena_vote") for key in page.buttons())
    page.click("arena_begin")
    second = page.finished()
    assert second.id != first.id and second.question == first.question
    pairs = [{identity(each.left), identity(each.right)} for each in (first, second)]
    assert pairs[0] != pairs[1]  # those who have not met come first
    page.click("arena_vote_tie")
    assert len(store.list_votes()) == 2 and len({each.voter for each in store.list_votes()}) == 1


def test_an_example_begins_a_match_with_its_topic(page: Arena) -> None:
    page.click("arena_example_1")
    match = page.finished()
    assert match.topic == "Writing" and match.question.startswith("Write two sentences")
    page.click("arena_vote_right")
    assert store.topics() == {"Writing": 1}


def test_a_link_shows_the_same_match_and_one_vote_only(page: Arena, tiny_model: Path) -> None:
    match = page.meet()
    other = Arena(tiny_model, match=match.id)
    assert other.app.get_by_key(session.QUESTION).value == "How many apples?"
    page.click("arena_vote_left")
    other.click("arena_vote_right")
    assert [each.value.replace("\\", "") for each in other.app.error] == [
        "This match was voted on already; begin the next one."
    ]
    assert len(store.list_votes()) == 1


def test_a_match_that_is_forgotten(tiny_model: Path) -> None:
    page = Arena(tiny_model, match="nobody")
    assert any("was forgotten" in each.value.replace("\\", "") for each in page.app.error)
    assert session.MATCH not in page.app.query_params and "arena_begin_" in page.buttons()


def test_a_side_that_fails_is_no_vote_and_names_are_shown_again(tiny_model: Path, tmp_path: Path) -> None:
    page = Arena(tiny_model)
    (tmp_path / "empty").mkdir()
    broken = contestant("Broken canary", model=f"path:{tmp_path / 'empty'}")
    page.app.session_state[draft.CONTESTANTS] = (draft_of(page)[0], broken)
    page.run()
    page.meet()
    assert any("One side failed" in each.value for each in page.app.warning)
    assert not any(key.startswith("arena_vote") for key in page.buttons()) and "Broken canary" in page.everything()


def draft_of(page: Arena) -> Any:
    """The contestants of the page."""
    return page.app.session_state[draft.CONTESTANTS]


def test_contestants_are_added_refused_and_removed(page: Arena) -> None:
    page.app.get_by_key(draft.SYSTEM).set_value("Be brief.")
    page.app.get_by_key("arena_temperature").set_value(0.5)
    page.run()
    page.click("arena_add")
    fresh = draft_of(page)[-1]
    assert fresh.name == "smollm2, “Be brief.”, temperature 0.5" == name_of(fresh)
    assert about(fresh) == "max tokens 120"
    page.click("arena_add")
    assert any("has these settings already" in each.value for each in page.app.error)
    page.app.get_by_key(draft.TECHNIQUE).set_value("few-shot")
    page.run()
    page.click("arena_add")
    assert draft_of(page)[-1].technique == "few-shot" and len(draft_of(page)) == 5
    for each in draft_of(page)[:4]:
        page.click(f"arena_remove_{identity(each)}")
    assert len(draft_of(page)) == 1
    page.app.get_by_key(session.QUESTION).set_value("Why?")
    page.run()
    page.click("arena_begin")
    assert any("1 contestants" in each.value.replace("\\", "") for each in page.app.error)


def test_an_empty_question_is_said(page: Arena) -> None:
    page.click("arena_begin")
    assert any("The question is empty" in each.value.replace("\\", "") for each in page.app.error)
    assert session.MATCH not in page.app.query_params


def test_markup_in_names_questions_and_comments_stays_text(tiny_model: Path) -> None:
    page = Arena(tiny_model)
    evil = "<img src=x onerror=alert(1)> **bold** :red[x]"
    page.app.session_state[draft.CONTESTANTS] = tuple(
        each.model_copy(update={"name": f"{evil} {place}"}) for place, each in enumerate(draft_of(page)[:2])
    )
    page.run()
    match = page.meet()
    page.app.get_by_key(session.comment_key(match.id)).set_value(evil)
    page.run()
    page.click("arena_vote_left")
    shown = [each.value for each in (*page.app.markdown, *page.app.success, *page.app.caption)]
    assert [each for each in shown if re.search(r"(?<!\\)(<img|\*\*bold|:red)", each)] == []
    assert any("\\<img" in each for each in shown)
