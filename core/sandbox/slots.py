"""Who may run now: two programs a user, a few in all; further ones wait in order.

Knows nothing of programs.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Iterator

from core.errors import Busy

PER_USER = 2
MOST_WAITING = 256


class Slots:
    """A bounded, fair queue: the first one in line whose user has a slot free goes next."""

    def __init__(self, total: int | None = None, per_user: int = PER_USER, waiting: int = MOST_WAITING) -> None:
        self._total = total or max(4, os.cpu_count() or 1)
        self._per_user, self._most = per_user, waiting
        self._running: Counter[str] = Counter()
        self._line: list[tuple[object, str]] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, user: str, cancel: threading.Event | None = None) -> Iterator[bool]:
        """Wait for a slot and hold it inside the block; yields False when `cancel` was set first.

        Raises:
            Busy: too many wait already.
        """
        ticket = object()
        with self._changed:
            if len(self._line) >= self._most:
                raise Busy(f"{self._most} programs are waiting for the sandbox already; try again in a moment.")
            self._line.append((ticket, user))
            try:
                while not (mine := self._next() is ticket) and not (cancel is not None and cancel.is_set()):
                    self._changed.wait(None if cancel is None else 0.05)
            finally:
                self._line = [waiting for waiting in self._line if waiting[0] is not ticket]
                self._changed.notify_all()
            if mine:
                self._running[user] += 1
                self._changed.notify_all()
        try:
            yield mine
        finally:
            if mine:
                with self._changed:
                    self._running[user] -= 1
                    self._running += Counter()  # forget users with nothing running
                    self._changed.notify_all()

    def _next(self) -> object | None:
        if self._running.total() >= self._total:
            return None
        return next((ticket for ticket, user in self._line if self._running[user] < self._per_user), None)
