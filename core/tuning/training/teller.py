"""Whom a training run tells what happens, and who can ask it to stop: a job, a file (several processes), or nobody.

Knows nothing of training.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Protocol


class Teller(Protocol):
    """What a run needs of whoever watches it; `core.jobs.JobContext` has it all."""

    def progress(self, done: float, total: float | None = None, unit: str = "", note: str = "") -> None:
        """`done` of `total` units are complete."""

    def metric(self, name: str, step: int, value: float) -> None:
        """A value at a step."""

    def log(self, text: str) -> None:
        """A line for a log."""

    def check(self) -> None:
        """Raise what ends the run, if somebody asked for that."""


class Stopped(BaseException):
    """Somebody asked a run in other processes to stop."""


class Lines:
    """Writes what is told as JSON lines into a file, for another process to read; a file `stop` beside it ends the run.

    Args:
        folder: of the run.
        speaks: of several processes only one writes.
    """

    def __init__(self, folder: Path, speaks: bool) -> None:
        self._file = folder / "told.jsonl"
        self._stop = folder / "stop"
        self._speaks = speaks

    def progress(self, done: float, total: float | None = None, unit: str = "", note: str = "") -> None:
        """See `Teller.progress`."""
        self._write(["progress", done, total, unit, note])

    def metric(self, name: str, step: int, value: float) -> None:
        """See `Teller.metric`."""
        self._write(["metric", name, step, value if math.isfinite(value) else str(value)])

    def log(self, text: str) -> None:
        """See `Teller.log`."""
        self._write(["log", text])

    def check(self) -> None:
        """See `Teller.check`."""
        if self._stop.exists():
            raise Stopped

    def _write(self, said: list[Any]) -> None:
        if self._speaks:
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(said) + "\n")


def passed_on(line: str, teller: Teller) -> None:
    """Tell `teller` what a line of `Lines` says."""
    what, *rest = json.loads(line)
    if what == "progress":
        teller.progress(*rest)
    elif what == "metric":
        teller.metric(rest[0], rest[1], float(rest[2]))
    else:
        teller.log(rest[0])
