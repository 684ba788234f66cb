"""One guest process and the pipes to it: start it, hand it a program, collect what comes back, kill it.

What arrives is bytes with a cap on every pipe; answers are JSON, read as text and never as objects. Knows nothing of
what is inside the jail.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from core.log import get_log
from core.sandbox.program import Limits

_HEADER = struct.Struct("=II")
_START_S = 30.0
_GRACE_S = 0.5
"""The guest kills its program when the time is over; when it has not said so after this, the guest is killed."""
_ANSWER_BYTES = 1 << 19
_SPAWNER = ThreadPoolExecutor(1, "sandbox-spawner")
"""`bwrap --die-with-parent` dies with the thread that started it; this one lives as long as the process."""


class GuestFailed(Exception):
    """The guest did not start or broke; the message is what it said on stderr, for the log."""

    def reason(self) -> str:
        """One sentence for a person, without paths of this machine."""
        said = str(self)
        get_log().warning("sandbox: %s", said)
        if any(hint in said for hint in ("uid map", "RTM_NEWADDR", "No permissions to creat", "new namespace")):
            return (
                "this machine does not let bubblewrap make namespaces; allow it to (on Ubuntu by an AppArmor profile "
                "for bwrap, in a container by its security options)."
            )
        return "its process did not start as it should; the details are in logs/loupe.log in the data directory."


@dataclass(slots=True)
class Outcome:
    """What came back for one program.

    Attributes:
        stdout: at most `output_bytes`; `cut` when there was more.
        answer: what the program's own process reported, or `None`.
        exit_code: of the program's process, negative for a signal; `None` when the guest was killed instead.
        why: it was killed because its time was over (`late`), somebody asked (`cancelled`), it made very many files
            (`files`), wrote too much (`too much`), or `ended` with its guest; else empty.
        started: whether the guest took the program at all.
        usable: whether the guest can take another program.
    """

    stdout: bytes = b""
    cut: bool = False
    answer: dict[str, Any] | None = None
    exit_code: int | None = None
    why: str = ""
    started: bool = False
    usable: bool = False
    duration_s: float = 0.0


@dataclass(slots=True)
class _Pipe:
    """The host's end of a pipe from the guest, and what has arrived."""

    descriptor: int
    most: int
    data: bytearray = field(default_factory=bytearray)
    over: bool = False
    """Whether more than `most` bytes came."""
    ended: bool = False

    def drain(self) -> None:
        """Take what is there now, and stop at the cap."""
        while not (self.over or self.ended):
            try:
                part = os.read(self.descriptor, 1 << 16)
            except BlockingIOError:
                return
            self.ended = not part
            self.data += part
            if len(self.data) > self.most:
                del self.data[self.most :]
                self.over = True


Command = Callable[[int, int], tuple[Sequence[str], Sequence[int]]]
"""(answer, control) descriptors → argument list, and descriptors to hand over and then close besides those two."""


class Guest:
    """A process that runs programs one after another; only one thread may use it at a time."""

    def __init__(self, command: Command, setup: dict[str, Any]) -> None:
        """Start it and wait until it is ready.

        Raises:
            GuestFailed: it could not be started, or ended.
        """
        ends: list[int] = []
        try:
            for _ in range(5):
                ends += os.pipe()
            self._selector = selectors.DefaultSelector()
        except OSError as error:  # this process may open no further files
            for descriptor in ends:
                os.close(descriptor)
            raise GuestFailed(error.strerror or "it could not be started") from None
        request, self._request, out, stdout, err, stderr, got, answer, told, control = ends
        self._out, self._err = _Pipe(out, 0), _Pipe(err, 1 << 12)
        self._answer, self._control = _Pipe(got, _ANSWER_BYTES), _Pipe(told, 1 << 14)
        self._pipes = (self._out, self._err, self._answer, self._control)
        self._closed = threading.Lock()
        theirs = [request, stdout, stderr, answer, control]
        self._process: subprocess.Popen[bytes] | None = None
        try:
            arguments, extra = command(answer, control)
            theirs += extra
            self._process = _SPAWNER.submit(
                subprocess.Popen,
                list(arguments),
                stdin=request,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[answer, control, *extra],
                env={},  # trap 1: what bwrap is started with can be read inside
                cwd="/",
                start_new_session=True,
            ).result()
        except OSError as error:
            self.close()
            raise GuestFailed(error.strerror or "it could not be started") from None
        except BaseException:
            self.close()
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        for pipe in self._pipes:
            os.set_blocking(pipe.descriptor, False)
        os.set_blocking(self._request, False)
        for pipe in self._pipes:
            self._selector.register(pipe.descriptor, selectors.EVENT_READ, pipe)
        began = time.monotonic()
        self._out.most = 1 << 12
        try:
            self._converse(json.dumps(setup).encode() + b"\n", began + _START_S, None, lambda line: line == b"ready")
        except _Over as over:
            self.close()
            raise GuestFailed(self.said or f"it did not start ({over})") from None

    @property
    def said(self) -> str:
        """What the guest itself, no program, last wrote to stderr."""
        return self._err.data.decode("utf-8", "replace").strip()[-500:]

    @property
    def alive(self) -> bool:
        """Whether it can take a program."""
        return self._process is not None and self._process.poll() is None

    def run(self, request: dict[str, Any], limits: Limits, cancel: threading.Event | None = None) -> Outcome:
        """One program. Afterwards `outcome.usable` says whether another may follow; otherwise close the guest."""
        body = json.dumps(request).encode()
        self._out.data, self._out.most, self._out.over = bytearray(), limits.output_bytes, False
        self._answer.data, self._answer.over = bytearray(), False
        self._err.data, self._err.most = bytearray(), limits.output_bytes
        outcome, began = Outcome(), time.monotonic()
        ended: dict[str, Any] = {}

        def heard(line: bytes) -> bool:
            if line == b"started":
                outcome.started = True
                return False
            ended.update(json.loads(line))
            return True

        try:
            message = _HEADER.pack(int(limits.wall_s * 1000), len(body)) + body
            self._converse(message, began + limits.wall_s + _GRACE_S, cancel, heard)
            self._out.drain()  # whoever wrote is dead, so this is all of it
            self._answer.drain()
            outcome.usable = outcome.started and bool(ended["clean"]) and not self._answer.over
            outcome.exit_code, outcome.why = int(ended["exit"]), str(ended["why"])
        except _Over as over:
            self.close()
            outcome.why = over.why
        outcome.duration_s = time.monotonic() - began
        outcome.stdout, outcome.cut = bytes(self._out.data), self._out.over
        if self._out.over or self._err.over:
            outcome.cut, outcome.usable = True, False
        outcome.answer = _answer(bytes(self._answer.data))
        return outcome

    def close(self) -> None:
        """Kill it with everything in it; safe to call twice."""
        if not self._closed.acquire(blocking=False):
            return
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._selector.close()
        for descriptor in (self._request, *(pipe.descriptor for pipe in self._pipes)):
            os.close(descriptor)

    def _converse(
        self, message: bytes, deadline: float, cancel: threading.Event | None, heard: Callable[[bytes], bool]
    ) -> None:
        """Send `message` and read until `heard` says that a line from the guest itself was the last.

        Raises:
            _Over: no such line came in time, the guest ended, somebody cancelled, or a cap was passed.
        """
        left = memoryview(message)
        self._selector.register(self._request, selectors.EVENT_WRITE)
        try:
            while True:
                wait = deadline - time.monotonic()
                if wait <= 0:
                    raise _Over("late")
                if cancel is not None and cancel.is_set():
                    raise _Over("cancelled")
                for key, _ in self._selector.select(min(wait, 0.05) if cancel is not None else wait):
                    if key.data is None:
                        left = self._send(left)
                    else:
                        key.data.drain()
                if self._out.over or self._answer.over or self._err.over:
                    raise _Over("too much")
                while b"\n" in self._control.data:
                    line, _, rest = bytes(self._control.data).partition(b"\n")
                    self._control.data = bytearray(rest)
                    if heard(line):
                        return
                if self._control.ended:
                    raise _Over("ended")
        finally:
            if self._request in self._selector.get_map():
                self._selector.unregister(self._request)

    def _send(self, left: memoryview) -> memoryview:
        try:
            left = left[os.write(self._request, left[: 1 << 16]) :]
        except BlockingIOError:
            return left
        except BrokenPipeError:
            left = left[:0]  # it has ended; the control pipe says so
        if not left:
            self._selector.unregister(self._request)
        return left


class _Over(Exception):
    """The conversation is over without the guest's last word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _answer(data: bytes) -> dict[str, Any] | None:
    """The first line as a JSON object, or `None`: a program may have written anything here."""
    try:
        found = json.loads(data.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
