"""The thread in a worker that writes what its job tells into the store, and hears whether it shall stop.

Twice a second at most, one transaction for progress, metrics and heartbeat together. Knows nothing of the work.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from core.errors import LoupeError
from core.jobs import lifeline, log_files
from core.jobs.context import JobContext
from core.log import get_log
from core.store import jobs as store

EVERY_S = 0.5
HEARTBEAT_S = 2.0
FINAL_ATTEMPTS = 6  # each waits for a locked database as long as the store does


class Reporter:
    """Reports for one job until `finish`."""

    def __init__(self, job: JobContext, worker: str) -> None:
        self._job = job
        self._worker = worker
        self._done = threading.Event()
        self._turn = threading.Lock()
        self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="job-reporter", daemon=True)

    def begin(self) -> None:
        """Start the thread."""
        self._thread.start()

    def finish(self, **values: Any) -> bool:
        """Write what is left and how the job ended; whether the store has it."""
        self._done.set()
        self._thread.join()
        why = ""
        for attempt in range(FINAL_ATTEMPTS):
            report = self._job.take()
            try:
                columns = _storable(report.columns | {"rate": None, "eta_s": None} | values)
                store.report(self._job.id, self._worker, report.metrics, columns)
                return True
            except LoupeError as error:
                self._job.put_back(report)
                why = str(error)
                get_log().warning("the end of job %s, attempt %d: %s", self._job.id, attempt + 1, error)
                time.sleep(EVERY_S)
        return self._finish_bare(why, values)

    def _finish_bare(self, why: str, values: dict[str, Any]) -> bool:
        """Say at least that it has ended: a full disk may still take a few bytes where there were some before."""
        bare = {name: value for name, value in values.items() if name != "result"}
        bare |= {"status": "failed", "error": f"How it ended could not be saved: {why}"}
        try:
            store.report(self._job.id, self._worker, [], _storable(bare))
            return True
        except LoupeError:
            return False

    def _run(self) -> None:
        while not self._done.wait(EVERY_S):
            try:
                self._tell()
            except LoupeError as error:  # the work goes on; the next report has all of it
                get_log().warning("job %s cannot report: %s", self._job.id, error)
            except Exception:  # a thread that ended would leave the job deaf
                get_log().exception("job %s cannot report", self._job.id)
            log_files.cap(self._job.id)

    def _tell(self) -> None:
        report = self._job.take()
        if report or time.monotonic() - self._heard >= HEARTBEAT_S:
            try:
                stop = store.report(self._job.id, self._worker, report.metrics, _storable(report.columns))
            except Exception:
                self._job.put_back(report)
                raise
            self._heard = time.monotonic()
        else:
            stop = store.asked_to_stop(self._job.id, self._worker)
        if stop is None:  # it was given up, or deleted: whatever this process still does would be done twice
            lifeline.end(group=True)
        if stop:
            self._job.cancelled.set()


def _storable(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: store.storable(value, 10**9) if isinstance(value, str) else value for name, value in columns.items()}
