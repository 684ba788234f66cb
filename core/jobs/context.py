"""What a kind's `run` gets: the means to tell how far it is, and to hear that it shall stop.

Everything is kept in memory and picked up by whoever reports (`core.jobs.reporter`), twice a second: telling costs
nothing, however often. Knows nothing of the store or of processes, so that a kind can be run in a test as it is.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.log import redact

RATE_WINDOW_S, MARK_EVERY_S, FIRST_RATE_S = 20.0, 0.25, 1.0
METRICS_KEPT = 20_000
"""Most metrics that wait to be stored, should the store be locked for long; further ones are dropped."""


class JobCancelled(BaseException):  # like KeyboardInterrupt: `except Exception` must not swallow it
    """Somebody asked this job to stop: `JobContext.check` raises it, and `run` lets it through."""


@dataclass(frozen=True, slots=True)
class Report:
    """What has changed since the last report; `columns` are those of the job's row."""

    columns: dict[str, Any]
    metrics: list[tuple[str, int, float]]

    def __bool__(self) -> bool:
        return bool(self.columns or self.metrics)


def as_document(result: dict[str, Any]) -> str:
    """A result as strict JSON: what is not finite, such as the loss of a diverged run, becomes null.

    Raises:
        TypeError: it holds what JSON does not know.
    """
    try:
        return json.dumps(result, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(result), parse_constant=lambda name: None))


class JobContext:
    """One job while it is worked on; methods may be called from any thread.

    Attributes:
        id: of the job.
        attempt: 1 at first, one more with every resume.
        cancelled: set once somebody asked the job to stop; pass it on to whatever waits.
        previous: the last `partial` result of an earlier attempt, `{}` without one.
    """

    def __init__(self, id: str, attempt: int = 1, previous: dict[str, Any] | None = None) -> None:
        self.id = id
        self.attempt = attempt
        self.cancelled = threading.Event()
        self.previous = previous or {}
        self._lock = threading.Lock()
        self._columns: dict[str, Any] = {}
        self._metrics: list[tuple[str, int, float]] = []
        self._marks: deque[tuple[float, float]] = deque()
        self._odd: set[str] = set()

    def progress(self, done: float, total: float | None = None, unit: str = "", note: str = "") -> None:
        """`done` of `total` units are complete; rate and time left come from the last 20 seconds of such calls.

        Call it once at the beginning with what earlier attempts have done: the rate counts from there.
        """
        done = float(done) if math.isfinite(done) else 0.0
        total = float(total) if total is not None and math.isfinite(total) else None
        with self._lock:
            rate = self._rate(done)
            left = max(total - done, 0.0) / rate if total is not None and rate else None
            self._columns |= {
                "done": done,
                "total": total,
                "unit": unit[:32],
                "note": note[:1000],
                "rate": rate,
                "eta_s": left,
            }

    def metric(self, name: str, step: int, value: float) -> None:
        """A measured value at a step; what is not finite is noted in the log and not drawn."""
        value = float(value)
        if not math.isfinite(value):
            if name not in self._odd:
                self._odd.add(name)
                self.log(f"{name} is {value} at step {step}; it is left out of the curves from here on where it is.")
            return
        with self._lock:
            if len(self._metrics) < METRICS_KEPT:
                self._metrics.append((name[:64], int(step), value))

    def log(self, text: str) -> None:
        """A line in the job's log, with the time before it and secrets blanked."""
        try:
            print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {redact(text)}", flush=True)
        except OSError:  # the disk is full: the work is worth more than its log
            return

    def partial(self, result: dict[str, Any]) -> None:
        """What the result is so far: shown while it runs, kept when it stops, `previous` of the next attempt."""
        document = as_document(result)
        with self._lock:
            self._columns["result"] = document

    def check(self) -> None:
        """Call it between pieces of work that can be done alone.

        Raises:
            JobCancelled: somebody asked the job to stop.
        """
        if self.cancelled.is_set():
            raise JobCancelled

    def take(self) -> Report:
        """What has changed since the last call; whoever reports calls it."""
        with self._lock:
            report = Report(self._columns, self._metrics)
            self._columns, self._metrics = {}, []
        return report

    def put_back(self, report: Report) -> None:
        """The report could not be stored: keep it for the next one, newer values first."""
        with self._lock:
            self._columns = report.columns | self._columns
            self._metrics = (report.metrics + self._metrics)[:METRICS_KEPT]

    def _rate(self, done: float) -> float | None:
        now, marks = time.monotonic(), self._marks
        if marks and done < marks[-1][1]:  # it counts anew
            marks.clear()
        while len(marks) > 1 and now - marks[0][0] > RATE_WINDOW_S:
            marks.popleft()
        if not marks or now - marks[-1][0] >= MARK_EVERY_S:
            marks.append((now, done))
        began, before = marks[0]
        if now - began < FIRST_RATE_S or done <= before:
            return None
        return (done - before) / (now - began)
