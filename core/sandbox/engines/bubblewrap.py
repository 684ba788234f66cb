"""The full engine: CPython with NumPy, SymPy and dateutil in a bubblewrap jail.

A single program has a jail to itself. A batch shares one jail, each program in a process of its own forked from a
warm one; a program that leaves anything behind in the scratch folder ends its jail.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.errors import Unsupported
from core.sandbox.engines.outcome import execution, failed
from core.sandbox.jail import descriptor_with, jail
from core.sandbox.process import Guest, GuestFailed, Outcome
from core.sandbox.program import Execution, Limits, Program
from core.sandbox.seccomp.policy import program_filter, starter_filter

NAME = "bubblewrap"
PACKAGES = ("numpy", "scipy", "sympy", "mpmath", "dateutil", "six", "tzdata")
"""What programs may import besides the standard library: NumPy, SciPy, SymPy and dateutil with what they need."""
_LIGHT = ("statistics", "fractions", "decimal", "datetime", "itertools", "collections", "re", "random", "typing")
_HEAVY = (*_LIGHT, "numpy", "sympy")
_SPARE_FOR_S = 60.0


def start(preload: Sequence[str] = ()) -> Guest:
    """A jail that is ready for programs, with these modules imported.

    Raises:
        Unsupported: there is no bubblewrap, or no filter for this processor.
        GuestFailed: it did not start.
    """
    starter, program = starter_filter(), program_filter()

    def command(answer: int, control: int) -> tuple[Sequence[str], Sequence[int]]:
        descriptor = descriptor_with(starter)
        return jail("python.py", [str(answer), str(control)], PACKAGES, descriptor), [descriptor]

    return Guest(command, {"filter": program.hex(), "preload": list(preload)})


def run(program: Program, limits: Limits, cancel: threading.Event | None = None) -> Execution:
    """One program in a jail of its own.

    Raises:
        Unsupported: the jail could not be started; there is no other way to run it here.
    """
    heavy = _heavy(program)
    spare = None if heavy else _spare.take()
    if spare is not None:
        outcome = _in(spare, program, limits, cancel)
        if outcome.started or outcome.why != "ended":
            return execution(outcome, NAME, limits)
    try:
        guest = start(heavy)  # what takes long to import is not counted against the program
    except GuestFailed as failure:
        raise Unsupported(f"The bubblewrap sandbox did not start: {failure.reason()}") from None
    return execution(_in(guest, program, limits, cancel), NAME, limits)


def _in(guest: Guest, program: Program, limits: Limits, cancel: threading.Event | None) -> Outcome:
    try:
        return guest.run(request(program, limits), limits, cancel)
    finally:
        guest.close()


def request(program: Program, limits: Limits) -> dict[str, Any]:
    """What the guest is sent."""
    return {
        "code": program.code,
        "expression": program.expression,
        "prelude": program.prelude,
        "wall_s": limits.wall_s,
        "memory_bytes": limits.memory_bytes,
    }


class Batch:
    """Programs one after another in two warm jails, one of them with NumPy and SymPy imported, which most do not need.

    A jail is replaced whenever a program spoils it.
    """

    def __init__(self) -> None:
        self._guests: dict[tuple[str, ...], Guest] = {}

    def run(self, program: Program, limits: Limits, cancel: threading.Event | None = None) -> Execution:
        """One program; an error says so when the jail could not be started."""
        preload = _HEAVY if _heavy(program) else _LIGHT
        try:
            guest = self._guests.get(preload) or start(preload)
        except GuestFailed as failure:
            return failed(NAME, f"The bubblewrap sandbox did not start: {failure.reason()}")
        except Unsupported as failure:
            return failed(NAME, f"The bubblewrap sandbox did not start: {failure}")
        self._guests[preload] = guest
        outcome = guest.run(request(program, limits), limits, cancel)
        if not outcome.usable:
            self._guests.pop(preload).close()
        return execution(outcome, NAME, limits)

    def close(self) -> None:
        """End the jails."""
        for guest in self._guests.values():
            guest.close()
        self._guests.clear()


class _Spare:
    """One jail started ahead, for exactly one program, once programs follow each other closely."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: Guest | None = None
        self._starting = False
        self._last = float("-inf")
        self._closings = 0
        self._starter = ThreadPoolExecutor(1, "sandbox-spare")

    def take(self) -> Guest | None:
        """The spare jail, if there is one; a further one is begun when the last program is not long ago."""
        with self._lock:
            guest, self._ready = self._ready, None
            now = time.monotonic()
            begin = now - self._last < _SPARE_FOR_S and not self._starting
            self._last = now
            self._starting = self._starting or begin
            closings = self._closings
        if begin:
            self._starter.submit(self._fill, closings)
        if guest is not None and not guest.alive:
            guest.close()
            return None
        return guest

    def _fill(self, closings: int) -> None:
        guest: Guest | None = None
        try:
            guest = start()
        except (GuestFailed, Unsupported):
            guest = None  # whoever runs the next program starts a jail itself and is told why it cannot
        with self._lock:
            self._starting = False
            if closings == self._closings:
                self._ready, guest = guest, self._ready
        if guest is not None:
            guest.close()

    def close(self) -> None:
        """End the spare."""
        with self._lock:
            guest, self._ready = self._ready, None
            self._closings += 1  # one that is being started is not wanted any more either
        if guest is not None:
            guest.close()


_spare = _Spare()
atexit.register(_spare.close)


def close() -> None:
    """End the jail that was started ahead."""
    _spare.close()


def _heavy(program: Program) -> tuple[str, ...]:
    """What takes a third of a second to import, of what the program names."""
    text = f"{program.prelude}\n{program.code}"
    return tuple(name for name in ("numpy", "sympy") if name in text)
