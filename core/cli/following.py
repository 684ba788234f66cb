"""Following a job to its end from the command line: progress on stderr, and what Ctrl-C does.

Knows nothing of what the job does, nor of what a verb prints of it.
"""

from __future__ import annotations

import sys
import time

from core import jobs
from core.cli.output import complain, shown
from core.errors import LoupeError
from core.events import Progress
from core.jobs import JobView

LIVE_S, LINES_S = 0.2, 5.0
PATIENCE_S = 30.0
"""Longer than a job may take to stop."""


def follow_job(job_id: str, quiet: bool = False) -> JobView:
    """Follow a job until it has ended, however it ends; then see `ended_well`.

    Progress, rate and time left go to stderr unless `quiet`: drawn over and over on a terminal, a line every five
    seconds into a file.

    Raises:
        KeyboardInterrupt: Ctrl-C; the job was cancelled and has ended, and stderr says how to go on.
        NotFound: there is no such job.
        StoreError: the store cannot be read.
    """
    line = _Line(quiet)
    try:
        for event in jobs.follow(job_id):
            if isinstance(event, Progress):
                line.show(event)
    except KeyboardInterrupt:
        line.end()
        complain("Stopping; what is complete stays.")
        _stop(job_id)
        complain(f"Interrupted; loupe jobs resume {job_id} does the rest.")
        raise
    finally:
        line.end()
    return jobs.get(job_id)


def ended_well(job: JobView) -> JobView:
    """The job itself if it is finished.

    Raises:
        LoupeError: it ended otherwise; one sentence on why.
    """
    if job.status != "finished":
        raise LoupeError(job.error or f"The job was {job.status}; loupe jobs resume {job.id} does the rest.")
    return job


def progress_text(job: Progress | JobView) -> str:
    """`120 of 300 chunks · 40 % · 12/s · 15 s left · report.pdf`."""
    parts = [_count(job.done) + (f" of {_count(job.total)}" if job.total is not None else "")]
    if job.unit:
        parts[0] += f" {job.unit}"
    if job.total:
        parts.append(f"{min(100 * job.done / job.total, 100):.0f} %")
    if job.rate:
        parts.append(f"{_count(job.rate)}/s")
    if job.eta_s is not None:
        parts.append(f"{duration(job.eta_s)} left")
    return " · ".join([*parts, shown(job.note, 60)] if job.note else parts)


def duration(seconds: float) -> str:
    """`15 s`, `3 min 20 s`, `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _stop(job_id: str) -> None:
    """Cancel it and wait; a second Ctrl-C ends this process, and the worker with it."""
    jobs.cancel(job_id)
    jobs.wait(job_id, PATIENCE_S)


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


class _Line:
    """The line on stderr."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._next = 0.0
        self._drawn = False

    def show(self, now: Progress) -> None:
        if self._quiet or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + (LIVE_S if self._live else LINES_S)
        self._drawn = True
        start, end = ("\r\x1b[K", "") if self._live else ("", "\n")
        print(f"{start}{progress_text(now)}", end=end, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the line off a terminal."""
        if self._live and self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        self._drawn = False
