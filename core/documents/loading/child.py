"""The child process that reads files which others wrote: `python -m core.documents.loading.child`.

Requests come as lines of JSON on stdin, documents go out as lines on stdout, one file after another. It ends when its
stdin closes, so it never outlives its parent. Knows nothing of the store; has no secrets in its environment.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading.reading import opened, read
from core.documents.loading.source import Limits, Watch
from core.documents.loading.wire import encode, line
from core.errors import LoadError
from core.models.child import limit_this_process

BEAT_S = 0.5


def documents(path: Path, name: str, limits: Limits, watch: Watch | None = None) -> Iterator[Extracted | Refused]:
    """Read one file in this process.

    Raises:
        LoadError: it cannot be read; one sentence.
        MemoryError: it needs more than this process may have.
    """
    with path.open("rb") as file:
        yield from read(opened(file, name, limits, watch or Watch()))


class _Sender:
    """Lines to the parent; a beat at most every half second."""

    def __init__(self, descriptor: int) -> None:
        self._out = os.fdopen(descriptor, "wb", buffering=0)
        self._last = time.monotonic()

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._out.write(view) :]
        self._last = time.monotonic()

    def beat(self) -> None:
        if time.monotonic() - self._last > BEAT_S:
            self.send(b'{"beat":1}\n')

    def member(self, number: int, key: str) -> None:
        self.send(line({"member": number, "key": key}))


def _serve(request: dict[str, Any], sender: _Sender) -> None:
    limits = Limits(**request["limits"])
    watch = Watch(sender.beat, sender.member, request.get("skip", 0))
    _processor_time(limits.cpu_s)
    try:
        for found in documents(Path(request["path"]), request["name"], limits, watch):
            sender.send(encode(found))
    except LoadError as error:
        sender.send(line({"error": str(error)}))
    except MemoryError:
        sender.send(line({"memory": 1}))
    except OSError as error:
        sender.send(line({"system": error.strerror or type(error).__name__}))
    sender.send(line({"done": 1, "held": _held()}))


def _processor_time(seconds: int) -> None:
    """So much more for this file; the soft limit may rise again for the next one."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _held() -> int:
    """Bytes of memory that this process holds now; 0 where the system does not say.

    Not the peak of getrusage: on Linux that begins with what the parent held when it started this process.
    """
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _requests(into: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Hand on requests until stdin closes; then this process ends, whatever it is doing."""
    for text in sys.stdin.buffer:
        into.put(json.loads(text))
    os._exit(0)


def main() -> None:
    """Serve until stdin closes."""
    sender = _Sender(os.dup(1))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints must not mix with the answers
    logging.disable(logging.CRITICAL)
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    first = json.loads(sys.stdin.buffer.readline() or "{}")
    if not first:
        return
    limit_this_process(first["limits"]["memory_bytes"], None)
    threading.Thread(target=_requests, args=(waiting,), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        _serve(first, sender)
        while True:
            _serve(waiting.get(), sender)


if __name__ == "__main__":
    main()
