"""Streams that another thread can end: in order, with their errors, and without waiting for the sender."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from core.models import wire
from core.models.wire import interruptible


def test_items_come_in_order_and_then_the_error() -> None:
    def source() -> Iterator[int]:
        yield from range(5)
        raise KeyError("over")

    got: list[int] = []
    with pytest.raises(KeyError, match="over"):
        for item in interruptible(source(), threading.Event(), lambda: pytest.fail("cut after the end")):
            got.append(item)
    assert got == list(range(5))


def test_cancelled_before_it_begins_nothing_is_asked_for() -> None:
    def source() -> Iterator[int]:
        pytest.fail("asked for")
        yield 1

    cancel = threading.Event()
    cancel.set()
    assert list(interruptible(source(), cancel, lambda: None)) == []


def test_cancel_does_not_wait_for_a_silent_source() -> None:
    cancel, gate, cut = threading.Event(), threading.Event(), threading.Event()

    def source() -> Iterator[int]:
        yield 1
        gate.wait(30)
        yield 2

    got = []
    for item in interruptible(source(), cancel, cut.set):
        got.append(item)
        cancel.set()
    assert got == [1] and cut.is_set()
    gate.set()


def test_a_reader_that_leaves_stops_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "QUEUED_ITEMS", 4)
    sent: list[int] = []

    def source() -> Iterator[int]:
        for number in range(10**6):
            sent.append(number)
            yield number

    reader = interruptible(source(), threading.Event(), lambda: None)
    assert next(reader) == 0
    reader.close()
    threads = [thread for thread in threading.enumerate() if thread.name == "loupe-wire"]
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert len(sent) < 10, "read far ahead of the reader"


def test_a_slow_reader_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "QUEUED_ITEMS", 2)
    got = []
    for item in interruptible(iter(range(8)), threading.Event(), lambda: None):
        time.sleep(0.03)
        got.append(item)
    assert got == list(range(8))
