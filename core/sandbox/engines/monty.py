"""The first engine: Monty, an interpreter for a part of Python, inside bubblewrap where that is present.

Monty knows no files, network, environment or processes; the jail around it is a second wall. Each program has a worker
process to itself. Guests, which start the workers, are kept and used again.
"""

from __future__ import annotations

import ast
import atexit
import importlib.util
import os
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import Unsupported
from core.sandbox.engines.outcome import execution
from core.sandbox.jail import GUESTS, descriptor_with, jail
from core.sandbox.parsing import GLANCE, parse
from core.sandbox.process import Guest, GuestFailed, Outcome
from core.sandbox.program import Execution, Limits, Program
from core.sandbox.seccomp.policy import monty_filter

NAME = "monty"
_PACKAGES = ("pydantic_monty", "typing_extensions")
_LAST = "_loupe_last"
_ENDS = ("solution()", "ans", "answer", "result")
_KEPT = 4


def binary() -> str:
    """The path of Monty's worker.

    Raises:
        Unsupported: it is not installed.
    """
    name = "monty.exe" if sys.platform == "win32" else "monty"
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if importlib.util.find_spec("pydantic_monty") is None or found is None:
        raise Unsupported("Monty is not installed; install the package pydantic-monty.")
    return found


def start(*, jailed: bool) -> Guest:
    """A guest that is ready for programs.

    Raises:
        Unsupported: Monty, or for a jail bubblewrap, is not there.
        GuestFailed: it did not start.
    """
    worker = binary()
    if not jailed:
        library = _library()

        def plain(answer: int, control: int) -> tuple[Sequence[str], Sequence[int]]:
            options = ("-I", "-S", "-B", str(GUESTS / "monty.py"), str(answer), str(control))
            return [sys.executable, *options], ()

        return Guest(plain, {"binary": worker, "path": [library], **_usual()})

    rules = monty_filter()

    def command(answer: int, control: int) -> tuple[Sequence[str], Sequence[int]]:
        descriptor = descriptor_with(rules)
        mount = ("--ro-bind", os.path.realpath(worker), "/monty/monty")
        return jail("monty.py", [str(answer), str(control)], _PACKAGES, descriptor, mount), [descriptor]

    return Guest(command, {"binary": "/monty/monty", "path": [], **_usual()})


def run(program: Program, limits: Limits, cancel: threading.Event | None = None) -> Execution:
    """One program in a worker of its own.

    Raises:
        Unsupported: Monty could not be started.
    """
    asked = request(program, limits)
    for _ in range(_KEPT + 1):
        outcome = _once(asked, limits, cancel)
        if outcome.started or outcome.why != "ended":
            break  # else the guest had died while it waited
    return execution(outcome, NAME, limits)


def _once(asked: dict[str, Any], limits: Limits, cancel: threading.Event | None) -> Outcome:
    guest = _kept.take()
    outcome = None
    try:
        outcome = guest.run(asked, limits, cancel)
        return outcome
    finally:
        if outcome is not None and outcome.usable:
            _kept.give(guest)
        else:
            guest.close()


def request(program: Program, limits: Limits) -> dict[str, Any]:
    """What the guest is sent: the program with its last line, when that is an expression, kept under a name."""
    code = program.code
    ends: tuple[str, ...] = _ENDS
    if program.expression is None and (split := _last_expression(program.code)) is not None:
        before, last, after = split
        code, ends = f"{before}{_LAST} = ({last}\n){after}", (_LAST, *_ENDS)
    return {
        "code": code,
        "expression": program.expression,
        "prelude": program.prelude,
        "ends": ends,
        "wall_s": limits.wall_s,
        "memory_bytes": limits.memory_bytes,
        "output_bytes": limits.output_bytes,
    }


def _last_expression(code: str) -> tuple[str, str, str] | None:
    """The text before a last statement that is an expression, that expression, and the text after it."""
    tree = parse(code, GLANCE)
    if tree is None or not tree.body or not isinstance(last := tree.body[-1], ast.Expr):
        return None
    if last.end_lineno is None or last.end_col_offset is None:
        return None
    lines = code.encode().splitlines(keepends=True)  # columns count bytes
    start = sum(map(len, lines[: last.lineno - 1])) + last.col_offset
    end = sum(map(len, lines[: last.end_lineno - 1])) + last.end_col_offset
    whole = code.encode()
    return whole[:start].decode(), whole[start:end].decode(), whole[end:].decode()


def _usual() -> dict[str, Any]:
    """The limits for which a guest makes its first worker ready."""
    usual = Limits()
    return {"wall_s": usual.wall_s, "memory_bytes": usual.memory_bytes}


def _library() -> str:
    spec = importlib.util.find_spec("pydantic_monty")
    if spec is None or spec.origin is None:
        raise Unsupported("Monty is not installed; install the package pydantic-monty.")
    return str(Path(spec.origin).parents[1])


class _Kept:
    """Guests that wait for their next program."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Guest] = []
        self.jailed = True

    def take(self) -> Guest:
        """A guest nobody else uses."""
        with self._lock:
            while self._idle:
                guest = self._idle.pop()
                if guest.alive:
                    return guest
                guest.close()
        try:
            return start(jailed=self.jailed)
        except GuestFailed as failure:
            raise Unsupported(f"Monty did not start: {failure.reason()}") from None

    def give(self, guest: Guest) -> None:
        """Keep it for the next program, unless enough are kept."""
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(guest)
                return
        guest.close()

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for guest in idle:
            guest.close()


_kept = _Kept()
atexit.register(_kept.close)


def prepare(*, jailed: bool) -> None:
    """Say once whether guests live in bubblewrap; what cannot be started that way is then not started at all."""
    _kept.close()
    _kept.jailed = jailed


def close() -> None:
    """End the guests that wait."""
    _kept.close()
