"""Threads on tasks: every result once, no more tasks in hand than needed, and an orderly end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.evals.running import crew


def test_every_task_once_and_few_in_hand() -> None:
    taken = finished = most = 0

    def tasks() -> Iterator[int]:
        nonlocal taken, most
        for number in range(3000):
            taken += 1
            most = max(most, taken - finished)
            yield number

    found = []
    for group in crew.work(tasks(), lambda number: number * 2, 4, threading.Event()):
        assert len(group) <= crew.MOST_IN_GROUP + 8
        found += group
        finished += len(group)
    assert sorted(found) == [2 * each for each in range(3000)]
    assert most <= crew.MOST_IN_GROUP + 16


def test_none_waits_until_all_before_it_is_handed_out() -> None:
    seen: list[int] = []

    def tasks() -> Iterator[int | None]:
        yield from range(5)
        yield None
        yield None
        assert len(seen) == 5
        yield 5

    for group in crew.work(tasks(), lambda number: number, 2, threading.Event()):
        seen += group
    assert sorted(seen) == list(range(6))


def test_after_a_cancel_nothing_is_taken_and_what_is_under_way_comes() -> None:
    cancel, begun = threading.Event(), []

    def do(number: int) -> int:
        begun.append(number)
        if number == 3:
            cancel.set()
        return number

    found = [each for group in crew.work(iter(range(1000)), do, 2, cancel) for each in group]
    assert sorted(found) == sorted(begun) and len(found) < 20


def test_an_exception_ends_it() -> None:
    def do(number: int) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(crew.work(iter(range(100)), do, 2, threading.Event()))


def test_nothing_to_do() -> None:
    assert list(crew.work(iter(()), lambda each: each, 2, threading.Event())) == []
