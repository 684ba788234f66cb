"""Looks: what something would do, found out in a thread of its own and found again by a key. For pages.

One look after another, since each takes a core, and the latest first: somebody who turns a dial waits for that one.
Knows nothing of what is looked at.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from core.errors import LoupeError
from core.log import get_log

T = TypeVar("T")
UNEXPECTED = "Something went wrong inside Loupe; the details are in logs/loupe.log in the data directory."


@dataclass(slots=True)
class Pending(Generic[T]):
    """A look that is being taken, or was."""

    found: T | None = None
    error: str | None = None
    """Why nothing was found, one sentence."""
    done: threading.Event = field(default_factory=threading.Event)


class Looks(Generic[T]):
    """Looks of one kind; thread-safe.

    Args:
        name: of the kind, for the log.
        kept: how many are kept; those asked for longest ago go first.
    """

    def __init__(self, name: str, kept: int) -> None:
        self._name, self._kept = name, kept
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Pending[T]] = OrderedDict()
        self._waiting: list[tuple[Callable[[], T], Pending[T]]] = []
        self._at_work = False

    def look(self, key: str, take: Callable[[], T]) -> Pending[T]:
        """The look of this key; `take` finds out what there is to see if the key is new."""
        with self._lock:
            pending = self._known.get(key)
            if pending is None:
                pending = self._known[key] = Pending()
                self._waiting.append((take, pending))
                if not self._at_work:
                    self._at_work = True
                    threading.Thread(target=self._work, name=f"{self._name} look", daemon=True).start()
            self._known.move_to_end(key)
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
        return pending

    def forget(self) -> None:
        """Take every look anew: something has changed that a key does not name."""
        with self._lock:
            self._known.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._at_work = False
                    return
                take, pending = self._waiting.pop()
            try:
                pending.found = take()
            except LoupeError as error:
                pending.error = str(error)
            except Exception:  # a page waits for this thread
                get_log().exception("%s: a look failed", self._name)
                pending.error = UNEXPECTED
            finally:
                pending.done.set()


def stamp(path: str | Path) -> tuple[int, int]:
    """Size and time of a file, for a key; zeros for one that is not there."""
    try:
        about = Path(path).stat()
    except OSError:
        return 0, 0
    return about.st_size, about.st_mtime_ns
