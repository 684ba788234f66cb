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
from core.jobs.words import progress_text

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


def _stop(job_id: str) -> None:
    """Cancel it and wait; a second Ctrl-C ends this process, and the worker with it."""
    jobs.cancel(job_id)
    jobs.wait(job_id, PATIENCE_S)


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
        note = f" · {shown(now.note, 60)}" if now.note else ""
        print(f"{start}{progress_text(now)}{note}", end=end, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the line off a terminal."""
        if self._live and self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        self._drawn = False
