"""How many calls an endpoint or a model gets at once, and what happens when it refuses: slower, later, or no more.

An endpoint that limits requests (429) gets half as many at once, after the pause it asks for, and one more for every
round that goes well. One that fails again and again is not asked any more. Knows nothing of what is asked.
"""

from __future__ import annotations

import threading
import time

from core.errors import EndpointError, LoupeError, StreamInterrupted

ATTEMPTS = 6
"""Calls for one answer at most; each is up to three at the endpoint, see `core.generation.engines.openai`."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
LONGEST_ASKED_S = 120.0
"""An endpoint that asks for a longer pause is reported instead of waited for."""
GIVEN_UP_AFTER = 10
"""Failures of an endpoint one after another, none of them about what was asked."""
ABOUT_THE_REQUEST = (400, 413, 422)
"""Statuses that say nothing of the endpoint itself."""
POLL_S = 0.05


class Pace:
    """The calls to one model; safe to use from several threads at once.

    Attributes:
        given_up: why nothing more is asked, one sentence; `None` as long as there is hope.
    """

    def __init__(self, most: int) -> None:
        self.given_up: str | None = None
        self._most, self._limit = most, most
        self._active = self._well = self._failures = 0
        self._not_before = self._halved = 0.0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """Calls at once, at this moment."""
        return self._limit

    def enter(self, cancel: threading.Event) -> bool:
        """Wait for a place; `False` when `cancel` was set or the model given up meanwhile."""
        with self._changed:
            while True:
                if cancel.is_set() or self.given_up is not None:
                    return False
                pause = self._not_before - time.monotonic()
                if self._active < self._limit and pause <= 0:
                    self._active += 1
                    return True
                self._changed.wait(POLL_S if pause <= 0 else min(pause, POLL_S))

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._active -= 1
            self._changed.notify_all()

    def went_well(self) -> None:
        """An answer came: after as many as are asked at once, one more at once."""
        with self._changed:
            self._failures = 0
            self._well += 1
            if self._well >= self._limit and self._limit < self._most:
                self._limit, self._well = self._limit + 1, 0
                self._changed.notify_all()

    def went_wrong(self, error: LoupeError, began: float, attempt: int) -> float | None:
        """A call failed: slow down if need be.

        Args:
            error: how.
            began: when the call began, in `time.monotonic` seconds; calls that began before the last slowing down
                say nothing new.
            attempt: how often this answer was tried before, from 0.

        Returns:
            Seconds to wait before the same call again; `None`: do not.
        """
        if not isinstance(error, EndpointError):
            return None
        asked = error.retry_after_s
        pause = _pause(error, attempt)
        with self._changed:
            if error.status == 429 and asked is not None:
                if began >= self._halved:
                    self._halved = time.monotonic()
                    self._limit, self._well = max(1, self._limit // 2), 0
                self._not_before = max(self._not_before, time.monotonic() + min(asked, LONGEST_ASKED_S))
            if pause is None and error.status not in ABOUT_THE_REQUEST:
                self._failures += 1
                if self._failures >= GIVEN_UP_AFTER and self.given_up is None:
                    self.given_up = (
                        f"Not asked, since {GIVEN_UP_AFTER} calls one after another failed, the last one so: {error}"
                    )
                    self._changed.notify_all()
        return pause

    def give_up(self, why: str) -> None:
        """Ask nothing more."""
        with self._changed:
            self.given_up = self.given_up or why
            self._changed.notify_all()


def _pause(error: EndpointError, attempt: int) -> float | None:
    if attempt + 1 >= ATTEMPTS:
        return None
    growing = min(FIRST_PAUSE_S * 2.0**attempt, LONGEST_PAUSE_S)
    if isinstance(error, StreamInterrupted):
        return growing if attempt < 2 else None
    if error.retry_after_s is None or error.retry_after_s > LONGEST_ASKED_S:
        return None
    return max(error.retry_after_s, growing)
