"""`loupe eval votes`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli import main
from core.store import votes as store
from core.store.votes import VoteRecord
from tests.core.evals.arena.voting import contestant

PLAIN, BRIEF = contestant("plain"), contestant("brief\x1b[31m", 0.5)


def _vote(outcome: str, topic: str, texts: tuple[str, str] = ("good", "bad")) -> None:
    sides = [
        json.dumps({"variant": each.model_dump(mode="json"), "text": text})
        for each, text in zip((PLAIN, BRIEF), texts, strict=True)
    ]
    store.add(
        VoteRecord(
            topic=topic, voter="", left_name="plain", right_name="brief", outcome=outcome, question="Why?",
            left=sides[0], right=sides[1],
        )
    )  # fmt: skip


def test_ratings_and_preferences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for outcome, topic in [("left", "a"), ("left", "b"), ("tie", "a"), ("both-bad", "a"), ("right", "a")]:
        _vote(outcome, topic)
    file = tmp_path / "new" / "p.jsonl"
    assert main(["eval", "votes", "--export", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["votes"] == 5 and document["topics"] == {"a": 4, "b": 1}
    first, second = document["ratings"]
    assert (first["name"], first["wins"], first["losses"], first["ties"], first["both_bad"]) == ("plain", 2, 1, 2, 1)
    assert first["ci95"][0] < first["rating"] < first["ci95"][1] and second["rating"] < 1000 < first["rating"]
    assert document["sentence"].startswith("Too few votes")
    assert document["export"] == {
        "preferences": 3, "left_out": {"ties": 1, "both_bad": 1, "same": 0, "empty": 0}, "file": str(file),
    }  # fmt: skip
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows[0] == {
        "prompt": [{"role": "user", "content": "Why?"}],
        "chosen": [{"role": "assistant", "content": "good"}],
        "rejected": [{"role": "assistant", "content": "bad"}],
    }
    assert main(["eval", "votes", "--topic", "b"]) == 0
    out = capsys.readouterr().out
    assert "plain" in out and "brief\\x1b[31m" in out


def test_without_votes_and_with_what_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "votes"]) == 0
    assert "Nobody has voted yet" in capsys.readouterr().err
    assert main(["eval", "votes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ratings"] == []
    assert main(["eval", "votes", "--topic", "x"]) == 1
    assert "No vote is on the topic 'x'; nobody has voted yet." in capsys.readouterr().err
    _vote("left", "a")
    assert main(["eval", "votes", "--export", str(tmp_path)]) == 1
    assert "cannot be written: Is a directory." in capsys.readouterr().err
