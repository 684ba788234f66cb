"""From what came back over the pipes to an `Execution`: the same sentences for every engine.

Everything from a guest is text of unknown truth: types are checked, lengths are capped, nothing is interpreted.
"""

from __future__ import annotations

import signal

from core.sandbox.process import Outcome
from core.sandbox.program import Execution, Limits, Status

_MAX_TEXT = 24_000
_MAX_ERROR = 1_000
_STATUSES: dict[object, Status] = {name: name for name in ("ok", "error", "timeout", "memory", "denied")}
_TOO_LITTLE_MEMORY = 70
"""Exit code of `guest/python.py` when the program could not even be started below its limits."""


def execution(outcome: Outcome, engine: str, limits: Limits) -> Execution:
    """What the outcome means."""
    status, result, value, error = _verdict(outcome, limits)
    stdout = _storable(outcome.stdout.decode("utf-8", "replace"))
    if outcome.cut:
        stdout += f"\n[cut after {limits.output_bytes:,} bytes]"
    return Execution(engine, status, stdout, result, value, error, round(outcome.duration_s, 6))


def cancelled(engine: str) -> Execution:
    """A program that somebody stopped while it was waiting."""
    return Execution(engine, "error", "", None, None, "The run was cancelled.", 0.0)


def failed(engine: str, why: str) -> Execution:
    """A program that could not be run."""
    return Execution(engine, "error", "", None, None, why, 0.0)


def _verdict(outcome: Outcome, limits: Limits) -> tuple[Status, str | None, str | None, str | None]:
    if outcome.why == "cancelled":
        return "error", None, None, "The run was cancelled."
    if outcome.cut:
        return "error", None, None, f"It printed more than {limits.output_bytes:,} bytes and was stopped."
    answer = outcome.answer or {}
    status = _STATUSES.get(answer.get("status")) if isinstance(answer.get("status"), str) else None
    if outcome.why == "files":
        return "error", None, None, "It made more files than it may and was stopped."
    if outcome.why == "late" or status == "timeout":
        return "timeout", None, None, f"It ran longer than {limits.wall_s:g} s and was stopped."
    if outcome.why == "too much":
        return "error", None, None, "It wrote a longer answer than it may and was stopped."
    if status is None:
        return (*_ended(outcome.exit_code),)
    if status == "ok":
        return status, _text(answer.get("result")), _text(answer.get("value")), _text(answer.get("error"), _MAX_ERROR)
    return status, None, None, _text(answer.get("error"), _MAX_ERROR) or "It failed without saying how."


def _ended(code: int | None) -> tuple[Status, None, None, str]:
    """A program whose process ended before it said anything."""
    if code == _TOO_LITTLE_MEMORY:
        return "memory", None, None, "MemoryError: the memory limit is too small to start it."
    if code is None:
        return "error", None, None, "It ended together with its sandbox."
    if code >= 0:
        return "error", None, None, f"It ended without a result (exit code {code})."
    if -code == signal.SIGSYS:
        return "denied", None, None, "It made a system call for which the sandbox ends a program."
    if -code == signal.SIGXCPU:
        return "timeout", None, None, "It used more processor time than it may and was stopped."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return "error", None, None, f"It crashed ({name})."


def _text(value: object, most: int = _MAX_TEXT) -> str | None:
    if not isinstance(value, str):
        return None
    # cut again: half a character becomes six
    return _storable(value[:most].encode("utf-8", "backslashreplace").decode("utf-8")[:most])


def _storable(text: str) -> str:
    """Databases refuse a zero character in text; it becomes the sign for what cannot be shown."""
    return text.replace("\0", "\ufffd")
