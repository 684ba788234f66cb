"""Prompt versions and labels in the store: numbers without gaps, all or nothing, whatever text comes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import InvalidInput, NotFound
from core.store import prompts
from core.store.prompts import MESSAGE_CHARACTERS, VersionRow


def add(name: str, content: bytes, **fields: object) -> VersionRow:
    values: dict[str, object] = {"digest": content.hex(), "suffix": ".prompt.yml", "origin": "page"}
    return prompts.append(name, content, **(values | fields))  # type: ignore[arg-type]


def test_versions_are_numbered_and_keep_their_bytes() -> None:
    for number, content in enumerate((b"one", b"two \xf0\x9f\x99\x82", b"\xff\x00"), 1):
        assert add("a", content).number == number
    assert [row.number for row in prompts.versions("a")] == [3, 2, 1]
    row, content = prompts.get("a", 3)
    assert (content, row.size, row.prompt) == (b"\xff\x00", 2, "a")
    assert prompts.newest("a") == row
    assert prompts.newest("b") is None
    with pytest.raises(NotFound):
        prompts.get("a", 4)


def test_the_same_content_twice_is_one_version_but_going_back_is_a_new_one() -> None:
    assert add("a", b"x").number == add("a", b"x").number == 1
    assert add("a", b"y").number == 2
    assert add("a", b"x").number == 3
    assert add("a", b"x", suffix=".prompty").number == 4


def test_of_many_who_append_at_once_none_is_lost() -> None:
    barrier = threading.Barrier(8)

    def append(number: int) -> int:
        barrier.wait()
        return add("a", f"{number}".encode()).number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(append, range(8))) == list(range(1, 9))
    assert {prompts.get("a", number)[1] for number in range(1, 9)} == {f"{number}".encode() for number in range(8)}


def test_what_fails_before_the_commit_leaves_no_version() -> None:
    add("a", b"x")
    prompts.set_label("a", "production", 1)

    def fail() -> None:
        raise InvalidInput("The disk is full.")

    with pytest.raises(InvalidInput):
        add("a", b"y", before_commit=fail)
    with pytest.raises(InvalidInput):
        prompts.rename("a", "b", before_commit=fail)
    assert [row.number for row in prompts.versions("a")] == [1]
    assert prompts.labels() == {"a": {"production": 1}}
    assert prompts.prompts() == ["a"]


def test_a_message_of_any_text_is_kept_as_far_as_a_database_takes_it() -> None:
    assert add("a", b"x", message="why\0 \ud800 🙂").message == "why� ? 🙂"
    assert len(add("a", b"y", message="é" * 9_999).message) == MESSAGE_CHARACTERS


def test_renaming_moves_versions_behind_those_that_are_there() -> None:
    for content in (b"1", b"2"):
        add("old", content)
    prompts.set_label("old", "production", 2)
    for content in (b"3", b"4", b"5"):
        add("new", content)
    prompts.set_label("new", "production", 1)
    prompts.set_label("new", "kept", 3)
    prompts.rename("old", "new", before_commit=lambda: None)
    assert [prompts.get("new", number)[1] for number in range(1, 6)] == [b"3", b"4", b"5", b"1", b"2"]
    assert prompts.labels_of("new") == {"kept": 3, "production": 5}
    assert prompts.versions("old") == []
    assert prompts.labels_of("old") == {}


def test_labels_point_at_versions_that_exist() -> None:
    add("a", b"x")
    with pytest.raises(NotFound):
        prompts.set_label("a", "production", 2)
    with pytest.raises(NotFound):
        prompts.remove_label("a", "production")
    prompts.set_label("a", "production", 1)
    prompts.set_label("a", "production", 1)
    assert prompts.labels_of("a") == {"production": 1}
