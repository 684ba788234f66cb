"""Pairs, matches, votes in the store, preferences: on a tiny model, without a page."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput, LoupeError, NotFound, StoreError
from core.evals.arena import ballots, begin, find, matches, preferences, stop, vote
from core.evals.arena.pairing import next_pair
from core.evals.compare import columns
from core.evals.variant import Variant
from core.store import votes as store
from core.store.votes import VoteRecord
from tests.core.evals.arena.voting import ballot, contestant


def _two(model: Path, **more: float) -> list[Variant]:
    return [contestant("plain", model=f"path:{model}"), contestant("warm", 1.0, model=f"path:{model}", **more)]


def _ended(match_id: str) -> None:
    deadline = time.monotonic() + 60
    while any(each.running for each in find(match_id).answers()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_pair_meets_before_any_meets_again_and_sides_are_even() -> None:
    names, met, chance = ["a", "b", "c", "d"], [], random.Random(1)
    left: Counter[str] = Counter()
    for _ in range(600):
        one, other = next_pair(names, met, chance)
        met.append((names[one], names[other]))
        left[names[one]] += 1
    pairs = Counter(tuple(sorted(pair)) for pair in met)
    assert set(pairs.values()) == {100}
    assert all(110 <= left[name] <= 190 for name in names)  # of 300 each, five standard deviations
    assert len({next_pair(names, [], random.Random(seed)) for seed in range(200)}) == 12


@pytest.mark.parametrize("names", [[], ["a"], ["a", "a"], [str(n) for n in range(13)]])
def test_who_cannot_meet(names: list[str]) -> None:
    with pytest.raises(InvalidInput):
        next_pair(names, [], random.Random(1))


def test_a_match_from_the_question_to_the_kept_vote(tiny_model: Path) -> None:
    match = begin("How many apples?", "Sums", _two(tiny_model), random.Random(2))
    assert {match.left.name, match.right.name} == {"plain", "warm"} and not match.voted
    _ended(match.id)
    done = vote(match.id, "left", voter="me", comment="  clearer ")
    assert done.voted and find(match.id) == done
    with pytest.raises(Conflict, match="voted on already"):
        vote(match.id, "right")
    [kept] = list(ballots())
    left, right = find(match.id).answers()
    assert (kept.topic, kept.question, kept.outcome, kept.comment, kept.voter) == (
        "Sums", "How many apples?", "left", "clearer", "me",
    )  # fmt: skip
    assert (kept.left.variant, kept.right.variant) == (match.left, match.right)
    assert (kept.left.text, kept.right.text) == (left.text, right.text) and kept.left.run == match.runs[0]
    assert kept.left.messages == ({"role": "user", "content": "How many apples?"},)
    warm = kept.left if kept.left.variant.name == "warm" else kept.right
    assert warm.variant.params.seed is not None and kept.left.completion_tokens > 0


def test_no_vote_while_an_answer_is_coming(tiny_model: Path) -> None:
    match = begin("Write on and on", "", [each for each in _two(tiny_model)])
    shown = match.answers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "find", lambda run: replace(shown[0], status="running"))
        with pytest.raises(Conflict, match="still coming"):
            vote(match.id, "left")
    _ended(match.id)


def test_an_id_tells_nothing_and_an_unknown_one_is_not_there(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "MOST", 1)
    first = begin("a", "", _two(tiny_model))
    second = begin("a", "", _two(tiny_model))
    assert len(first.id) == 12 and first.id != second.id and first.runs[0] not in first.id
    with pytest.raises(NotFound, match="forgotten"):
        find(first.id)
    stop(second.id)
    _ended(second.id)
    stop(second.id)


def test_what_cannot_begin_leaves_nothing_running(tiny_model: Path) -> None:
    two = _two(tiny_model)
    for question, contestants, says in [
        (" ", two, "question is empty"),
        ("x" * 50_001, two, "50,001 characters"),
        ("a", two[:1], "1 contestants"),
        ("a", [two[0], two[0].model_copy(update={"name": "again"})], "same settings"),
        ("a", [two[0], contestant("other", messages=[{"role": "user", "content": "{{topic}}"}])], "topic"),
    ]:
        with pytest.raises(LoupeError, match=says):
            begin(question, "", contestants)


def test_a_side_that_failed_is_no_vote(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    broken = contestant("broken", model=f"path:{tmp_path / 'empty'}")
    match = begin("a", "", [_two(tiny_model)[0], broken])
    _ended(match.id)
    with pytest.raises(InvalidInput, match="One side failed"):
        vote(match.id, "left")
    assert list(ballots()) == []


def _add(topic: str, outcome: str = "tie", **more: str) -> VoteRecord:
    side = json.dumps({"variant": contestant("a").model_dump(mode="json"), "text": "x"})
    values = {"voter": "", "left_name": "a", "right_name": "b", "question": "q\0", "left": side, "right": side, **more}
    return store.add(VoteRecord(topic=topic, outcome=outcome, **values))


def test_votes_in_the_store() -> None:
    kept = [_add("x"), _add("y"), _add("x", "left")]
    assert [each.id for each in store.list_votes()] == [each.id for each in reversed(kept)]
    assert store.list_votes(topic="x", limit=1) == [kept[2]] and kept[0].question == "q�"
    assert list(store.topics().items()) == [("x", 2), ("y", 1)] and store.latest_id() == kept[2].id
    store.remove(kept[0].id)
    assert [each.id for each in store.all_votes()] == [kept[2].id, kept[1].id]
    with pytest.raises(NotFound):
        store.remove(kept[0].id)
    with pytest.raises(InvalidInput, match="A vote is one of"):
        _add("x", "perhaps")
    _add("", left="{}", right="[]")  # of a version to come
    assert len(list(store.all_votes())) == 3 and len(list(ballots())) == 2


def test_pages_of_votes(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        _add(str(number % 2))
    monkeypatch.setattr(store.list_votes, "__kwdefaults__", {"topic": None, "limit": 3, "before": None})
    assert len(list(store.all_votes())) == 7 and len(list(store.all_votes("0"))) == 4


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_preferences_are_what_trl_reads() -> None:
    one, other = contestant("a"), contestant("b", 0.5)
    votes = [
        ballot(one, other, "left", number=2, texts=("good", "bad")),
        ballot(one, other, "right", number=1, texts=("worse", "better")),
        ballot(one, other, "tie", number=3),
        ballot(one, other, "both-bad", number=4),
        ballot(one, other, "left", number=5, texts=("same ", "same")),
        ballot(one, other, "left", number=6, texts=("", "something")),
    ]
    found = preferences(votes)
    asked = [{"role": "user", "content": "Why?"}]
    assert [json.loads(line) for line in found.lines()] == [
        {
            "prompt": asked,
            "chosen": [{"role": "assistant", "content": c}],
            "rejected": [{"role": "assistant", "content": r}],
        }
        for c, r in (("better", "worse"), ("good", "bad"))
    ]
    assert found.left_out == 4
    assert found.sentence == "2 preferences; left out: 1 ties, 1 both bad, 1 equal answers, 1 empty answers."


def test_a_store_that_cannot_be_written_loses_no_vote(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    match = begin("a", "", _two(tiny_model))
    _ended(match.id)

    def refuse(record: VoteRecord) -> VoteRecord:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add", refuse)
        with pytest.raises(StoreError, match="disk is full"):
            vote(match.id, "tie")
    assert not find(match.id).voted and vote(match.id, "tie").voted
