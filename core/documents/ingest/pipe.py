"""A queue between the thread that reads and the one that embeds, bounded by the characters that wait in it.

Knows nothing of what goes through.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Closed(Exception):
    """The other side has stopped; nothing more goes through."""


class Pipe(Generic[Item]):
    """First in, first out; `put` waits while what is inside weighs more than `bound`."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._items: deque[tuple[Item, int]] = deque()
        self._weight = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item, weight: int = 1) -> None:
        """Add an item; one that is heavier than the bound goes in alone.

        Raises:
            Closed: the reader has stopped.
        """
        with self._changed:
            while self._items and self._weight + weight > self._bound and not self._closed:
                self._changed.wait()
            if self._closed:
                raise Closed
            self._items.append((item, weight))
            self._weight += weight
            self._changed.notify_all()

    def get(self, timeout_s: float) -> Item | None:
        """The next item; `None` when there was none for so long."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self._items:
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    return None
                self._changed.wait(left)
            item, weight = self._items.popleft()
            self._weight -= weight
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Let nothing more in, and wake who waits."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()
