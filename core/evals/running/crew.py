"""Threads that work on tasks: as many at once as there are hands, results in small groups as they come.

Tasks are taken one by one, so that there may be any number of them. Knows nothing of what a task is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
GROUP_S, LULL_S, IDLE_S = 0.2, 0.01, 0.5
"""A result waits for others that come right after it, but no longer than `GROUP_S`; nothing for `LULL_S`: no longer."""
MOST_IN_GROUP = 256
END = object()


def work(tasks: Iterator[T | None], do: Callable[[T], R], hands: int, cancel: threading.Event) -> Iterator[list[R]]:
    """Results of all tasks, in groups, in the order in which they are done.

    Args:
        tasks: taken as hands get free; `None` asks to wait until all that was taken is done.
        do: the work, in a thread; an exception ends everything.
        hands: how many at once.
        cancel: when set, nothing more is taken; results of what is under way still come.
    """
    pending: set[Future[R]] = set()
    group: list[R] = []
    first = 0.0
    more = True
    draining = False
    with ThreadPoolExecutor(hands, thread_name_prefix="eval") as pool:
        try:
            while True:
                if cancel.is_set():
                    more = False
                    pending = {each for each in pending if not each.cancel()}
                draining = draining and bool(pending)
                while more and not draining and len(pending) < 2 * hands:  # one waits for every hand
                    task = next(tasks, END)
                    if task is END:
                        more = False
                    elif task is None:
                        draining = bool(pending)
                    else:
                        pending.add(pool.submit(do, task))  # type: ignore[arg-type]
                    if group and time.monotonic() - first >= GROUP_S:
                        break
                done, pending = wait(pending, LULL_S if group else IDLE_S, FIRST_COMPLETED)
                first = first if group else time.monotonic()
                group += [each.result() for each in done]
                full = len(group) >= MOST_IN_GROUP or time.monotonic() - first >= GROUP_S
                if group and (full or not done or not pending):
                    yield group
                    group = []
                if not more and not pending:
                    return
        finally:
            for each in pending:
                each.cancel()
