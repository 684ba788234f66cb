"""Files to documents through a child process with limits: `load` for one file, `Loader` for many.

The child is started once and serves file after file; after a crash, a breach of a limit or a cancel it is replaced, and
the file becomes a `LoadError` with one sentence. Knows nothing of file types.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading import wire
from core.documents.loading.source import MIB, Limits, shown, too_much_memory
from core.errors import LoadError
from core.models.child import PROJECT, child_environment

WORN_BYTES = 400 * MIB
"""A child that still holds more memory than this after a file is replaced."""
POLL_S = 0.1
MOST_RESTARTS = 20
"""Members of one archive that may break the child before the rest of it is given up."""


class _Lost(Exception):
    """The child died or fell silent; one sentence."""


def load(
    path: Path, *, name: str, cancel: threading.Event | None = None, limits: Limits | None = None
) -> Iterator[Extracted | Refused]:
    """The documents of one file: one, or one a member of a zip, a row of a BEIR corpus, a part of a very long text.

    Args:
        path: where the bytes are.
        name: what the person called the file; in sentences and titles, and to tell kinds of text apart.
        cancel: once it is set, the child is killed and a LoadError raised.
        limits: by default those of the settings.

    Raises:
        LoadError: the file as a whole cannot be read; what was yielded before is good.
    """
    with Loader(limits) as loader:
        yield from loader.load(path, name=name, cancel=cancel)


class Loader:
    """Keeps one child warm for many files: `with Loader() as loader: loader.load(…)`. One file at a time."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or default_limits()
        self._child: subprocess.Popen[bytes] | None = None
        self._lines: deque[bytes] = deque()
        self._begun: list[bytes] = []
        """What came of the line after them."""
        self._ready = selectors.DefaultSelector()  # select() fails in a process with more than 1024 open files

    def __enter__(self) -> Loader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._ready.close()

    def load(self, path: Path, *, name: str, cancel: threading.Event | None = None) -> Iterator[Extracted | Refused]:
        """As `load`.

        Raises:
            LoadError: the file as a whole cannot be read.
        """
        _check(path, name, self._limits)
        request = {"path": str(path.absolute()), "name": name, "limits": asdict(self._limits), "skip": 0}
        for _ in range(MOST_RESTARTS):
            lost = yield from self._read(request, name, cancel)
            if lost is None:
                return
            request["skip"], key, reason = lost
            yield Refused(key=key, reason=reason)
        raise LoadError(
            f"{shown(name)} holds {MOST_RESTARTS} members that cannot be read safely; the rest was left out."
        )

    def _read(
        self, request: dict[str, Any], name: str, cancel: threading.Event | None
    ) -> Generator[Extracted | Refused, None, tuple[int, str, str] | None]:
        """One turn of the child; what it returns is the member of an archive at which it broke down, and why."""
        finished = False
        member: tuple[int, str] | None = None
        try:
            self._send(json.dumps(request).encode() + b"\n")
            while True:
                try:
                    message = self._receive(name if member is None else member[1], cancel)
                except _Lost as error:
                    if member is None:
                        raise LoadError(str(error)) from None
                    return (*member, str(error))
                if "document" in message:
                    yield wire.document(message["document"])
                elif "refused" in message:
                    yield Refused(**message["refused"])
                elif "member" in message:
                    member = (message["member"], message["key"])
                elif "done" in message:
                    finished = message["held"] < WORN_BYTES
                    return None
                elif problem := self._problem(message, name):
                    finished = self._receive(name, cancel).get("held", WORN_BYTES) < WORN_BYTES
                    raise LoadError(problem)
        finally:
            if not finished:  # also when whoever iterates has stopped in the middle
                self.close()

    def close(self) -> None:
        """End the child and whatever it started."""
        child, self._child = self._child, None
        self._lines.clear()
        self._begun = []
        if child is None:
            return
        if child.stdout is not None:
            self._ready.unregister(child.stdout)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            child.communicate()

    def _send(self, data: bytes) -> None:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "core.documents.loading.child"],
                cwd=PROJECT,
                env=child_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
            if self._child.stdout is not None:
                self._ready.register(self._child.stdout, selectors.EVENT_READ)
        if self._child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it died between two files: seen when its answer is read
                self._child.stdin.write(data)

    def _receive(self, name: str, cancel: threading.Event | None) -> dict[str, Any]:
        """The next message.

        Raises:
            LoadError: the work was cancelled.
            _Lost: the child died or fell silent.
        """
        child = self._child
        if child is None or child.stdout is None:
            raise LoadError(f"{shown(name)} could not be read: the process that reads files is gone; try again.")
        descriptor = child.stdout.fileno()
        deadline = time.monotonic() + self._limits.silence_s
        while True:
            if cancel is not None and cancel.is_set():
                raise LoadError(f"Reading {shown(name)} was cancelled.")
            if self._lines:
                message: dict[str, Any] = json.loads(self._lines.popleft())
                return message
            if not self._ready.select(POLL_S):
                if time.monotonic() > deadline:
                    raise _Lost(
                        f"{shown(name)} made no progress for {self._limits.silence_s:g} s and was stopped; "
                        f"split or simplify it."
                    )
                continue
            data = os.read(descriptor, MIB)
            if not data:
                raise _Lost(self._death(child, name))
            first, *others = data.split(b"\n")
            self._begun.append(first)
            if others:
                self._lines.append(b"".join(self._begun))
                self._lines.extend(others[:-1])
                self._begun = [others[-1]]
            deadline = time.monotonic() + self._limits.silence_s

    def _problem(self, message: dict[str, Any], name: str) -> str:
        if "memory" in message:
            return f"{shown(name)} {too_much_memory(self._limits)}"
        if "system" in message:
            return f"{shown(name)} could not be read: {message['system']}."
        return str(message.get("error", ""))

    def _death(self, child: subprocess.Popen[bytes], name: str) -> str:
        code = child.wait()
        if code == -signal.SIGXCPU:
            return (
                f"{shown(name)} needs more than {self._limits.cpu_s} s of processor time to read; "
                f"split it into smaller files."
            )
        return (
            f"{shown(name)} made the process that reads files crash (code {code}); "
            f"it is damaged, or made to do so, and was left out."
        )


def default_limits() -> Limits:
    """The limits, with the size of a file as the settings say."""
    from core.settings import get_settings

    return replace(Limits(), file_bytes=get_settings().max_file_mb * 1_000_000)


def _check(path: Path, name: str, limits: Limits) -> None:
    """What can be said before anything is read.

    Raises:
        LoadError: it is missing, no file, empty or too large.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "its path is not valid"
        raise LoadError(f"{shown(name)} cannot be opened: {reason}.") from None
    if not stat.S_ISREG(status.st_mode):
        raise LoadError(f"{shown(name)} is not a file; add files, or a zip of them.")
    if not status.st_size:
        raise LoadError(f"{shown(name)} is empty.")
    if status.st_size > limits.file_bytes:
        size, most = f"{status.st_size / 1e6:,.0f} MB", f"{limits.file_bytes / 1e6:,.0f} MB"
        raise LoadError(
            f"{shown(name)} has {size}, more than the limit of {most}; split it, or raise max_file_mb in the settings."
        )
