"""Drives Monty's worker: one fresh worker process and session per program; sends back texts, never objects.

Runs as a script beside the server, inside a jail where bubblewrap is present. What a program hands to whoever drives
Monty (a value, the message of an exception) can be as large as its memory limit, so that is never the server itself.
Speaks the protocol of `guest/python.py`, imports nothing of Loupe.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import struct
import sys
from collections.abc import Iterator
from typing import Any

HEADER = struct.Struct("=II")
MAX_TEXT = 20_000
MARK = "_loupe_value"

# Runs in Monty, after the program and in its namespace; the program may have replaced any name used here, which
# spoils its own answer only. What leaves Monty is one text of at most MAX_TEXT characters: a precision in a format
# is syntax, which no program can replace.
_PLAIN = """
def _loupe_plain(value, depth=0):
    if value is None or depth > 20:
        return None
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple, set, frozenset, range)):
        for one in value:
            return _loupe_plain(one, depth + 1)
        return None
    if isinstance(value, str):
        return value
    return str(value)
"""


class TooMuch(Exception):
    """The program printed more than it may."""


def main(answer: int, control: int) -> None:
    """Serve programs until the host closes its end."""
    setup = json.loads(_read_line(0))
    sys.path.append("/packages")
    sys.path.extend(setup["path"])
    import pydantic_monty

    for descriptor in (answer, control):
        os.set_inheritable(descriptor, False)  # not the worker's
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK):
        resource.setrlimit(kind, (0, 0))
    pool = pydantic_monty.Monty(
        binary_path=setup["binary"],
        min_processes=1,
        max_processes=1,
        max_checkouts_per_worker=1,
        feed_duration_limit_grace=0.2,
    )
    with pool:
        os.write(control, b"ready\n")
        workers = Workers(pool)
        workers.prepare(setup["wall_s"], setup["memory_bytes"])
        while header := _read(0, HEADER.size):
            request = json.loads(_read(0, HEADER.unpack(header)[1]))
            os.write(control, b"started\n")
            found = _run(workers, request)
            _write(answer, json.dumps(found).encode("utf-8", "backslashreplace") + b"\n")
            _write(control, json.dumps({"exit": 0, "why": "", "clean": True}).encode() + b"\n")
            workers.prepare(request["wall_s"], request["memory_bytes"])


class Workers:
    """Sessions for one program each, every one in a new worker process; the next is started ahead."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._ahead: tuple[float, int, Any, Any] | None = None

    def prepare(self, wall_s: float, memory_bytes: int) -> None:
        """Start the next program's worker, in the hope that its limits will be these."""
        if sys.platform == "linux":
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (3 * memory_bytes + 2**29, hard))
        checkout = self._pool.checkout(
            script_name="program.py",
            limits={
                "max_feed_duration_secs": wall_s,
                "max_total_sleep_secs": wall_s,
                "max_memory": memory_bytes,
                "max_suspensions": 10_000,
            },
            assert_message_annotations=False,
            os_policy={"sleep_system_max": float("inf")},
        )
        session = checkout.__enter__()
        session.feed_run("import math\nNone")
        self._ahead = (wall_s, memory_bytes, checkout, session)

    @contextlib.contextmanager
    def session(self, wall_s: float, memory_bytes: int) -> Iterator[Any]:
        """A session that nobody has used."""
        if self._ahead is not None and self._ahead[:2] != (wall_s, memory_bytes):
            self._ahead[2].__exit__(None, None, None)
            self._ahead = None
        if self._ahead is None:
            self.prepare(wall_s, memory_bytes)
        if self._ahead is None:
            raise RuntimeError("no worker")
        _, _, checkout, session = self._ahead
        self._ahead = None
        try:
            yield session
        finally:
            checkout.__exit__(None, None, None)


def _run(workers: Workers, request: dict[str, Any]) -> dict[str, str | None]:
    import pydantic_monty

    printed = 0

    def show(stream: str, text: str) -> None:
        nonlocal printed
        if stream == "stdout":
            data = text.encode("utf-8", "backslashreplace")
            printed += len(data)
            _write(1, data)
        if printed > request["output_bytes"]:
            raise TooMuch

    try:
        with workers.session(request["wall_s"], request["memory_bytes"]) as session:
            return _Session(session, show, request).run()
    except pydantic_monty.MontyCrashedError as failure:
        if failure.timed_out:
            return _found("timeout")
        return _found("memory", error="MemoryError: the program used more memory than it may.")
    except MemoryError:
        return _found("memory", error="MemoryError: the program used more memory than it may.")
    except TooMuch:
        return _found("error")


class _Session:
    """One program in its own session."""

    def __init__(self, session: Any, show: Any, request: dict[str, Any]) -> None:
        self.session, self.show, self.request = session, show, request

    def run(self) -> dict[str, str | None]:
        """Status, result, value and error, as texts."""
        import pydantic_monty

        part = "program"
        try:
            part = "prelude"
            if self.request["prelude"]:
                self._feed(self.request["prelude"])
            part = "program"
            self._feed(self.request["code"])
            part = "expression"
            result, value = self._value()
            return _found("ok", result=result, value=value)
        except pydantic_monty.MontySyntaxError as failure:
            return _found("error", error=_describe("SyntaxError", str(failure), failure.traceback(), part))
        except pydantic_monty.MontyRuntimeError as failure:
            name, _, message = failure.display("type-msg").partition(": ")
            kinds = {"TimeoutError": "timeout", "MemoryError": "memory", "PermissionError": "denied"}
            return _found(kinds.get(name, "error"), error=_describe(name, message, failure.traceback(), part))
        except UnicodeError:
            return _found("error", error="SyntaxError: the program holds half a character.")

    def _feed(self, code: str) -> Any:
        # The last line is ours, so that no value of the program crosses into this process.
        return self.session.feed_run(f"{code}\n\nNone", print_callback=self.show)

    def _value(self) -> tuple[str | None, str | None]:
        expression = self.request["expression"]
        tries = [expression] if expression else self.request["ends"]
        self._feed(_PLAIN)
        for one in tries:
            if not expression and one.isidentifier() and not self._known(one):
                continue
            if not expression and one == "solution()" and not self._known("solution"):
                continue
            self._feed(f"{MARK} = ({one}\n)")
            if self._text(f"{MARK} is None") == "True":
                continue
            value = self._text(f"_loupe_plain({MARK})", "None")
            return self._text(MARK), value
        return None, None

    def _known(self, name: str) -> bool:
        import pydantic_monty

        try:
            self._feed(name)
        except pydantic_monty.MontyRuntimeError:
            return False
        return True

    def _text(self, expression: str, nothing: str | None = None) -> str | None:
        """The expression's text, cut; `None` when the expression is None and `nothing` is given."""
        if nothing is not None:
            told = self.session.feed_run(f"{MARK}_text = {expression}\nf'{{{MARK}_text is None!s:.5}}'")
            if told == "True":
                return None
            expression = f"{MARK}_text"
        text = self.session.feed_run(f"f'{{{expression}!s:.{MAX_TEXT + 1}}}'", print_callback=self.show)
        return text if isinstance(text, str) else None


def _found(
    status: str, *, result: str | None = None, value: str | None = None, error: str | None = None
) -> dict[str, str | None]:
    if value is not None and len(value) > MAX_TEXT:
        value = None
    if result is not None and len(result) > MAX_TEXT:
        result = f"{result[:MAX_TEXT]}… [cut]"
    return {"status": status, "result": result, "value": value, "error": error}


def _describe(name: str, message: str, trace: list[Any], part: str) -> str:
    said = f"{name}: {message[:500]}" if message else name
    if not trace:
        return said
    line = trace[-1].line
    return f"{said} (line {line})" if part == "program" else f"{said} (line {line} of the {part})"


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read(descriptor: int, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = os.read(descriptor, length - len(data))
        if not part:
            return b""
        data += part
    return data


def _read_line(descriptor: int) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        data += os.read(descriptor, 1) or b"\n"
    return data


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
