"""What a process that starts jobs does for them: waits for their turn, starts their workers, sees how those end.

A job lives no longer than its starter: the server for a page, the command itself for the command line. A thread claims
turns for what waits; another one watches each worker. Knows nothing of kinds beyond their names.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from core.errors import LoupeError, NotFound
from core.jobs import kinds, log_files, processes, truth
from core.jobs.environment import PROJECT, worker_environment
from core.log import get_log
from core.settings import get_settings
from core.store import jobs as store
from core.store.jobs import JobRow

POLL_S, LOOK_S, BEAT_S, AGAIN_S = 0.2, 1.0, 20.0, 2.0


class Starter:
    """The jobs that this process started and that have not ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._workers: dict[int, str] = {}  # process id → job: of one job, a resumed worker may overlap the last
        self._more = threading.Event()
        self._thread: threading.Thread | None = None
        self._closing = False
        atexit.register(self._close)

    def add(self, job_id: str) -> None:
        """Start the job's worker once it is its turn; its row names this process already."""
        with self._lock:
            self._waiting.append(job_id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._queue, name="job-starter", daemon=True)
                self._thread.start()
        self._more.set()

    def _queue(self) -> None:
        beat = time.monotonic()
        while True:
            with self._lock:
                waiting = list(self._waiting)
                if not waiting:
                    self._thread = None
                    return
            for job_id in waiting:
                try:
                    gone = self._try(job_id)
                except NotFound:  # deleted, with its whole store perhaps
                    gone = True
                except LoupeError as error:  # the store is locked or full: the job waits on
                    get_log().warning("job %s cannot begin yet: %s", job_id, error)
                    gone = False
                except Exception:
                    get_log().exception("job %s cannot begin", job_id)
                    gone = False
                if gone:
                    with self._lock:
                        self._waiting.remove(job_id)
            if time.monotonic() - beat > BEAT_S:
                beat = time.monotonic()
                self._beat(waiting)
            self._more.wait(POLL_S)
            self._more.clear()

    def _try(self, job_id: str) -> bool:
        """Begin it if it is its turn; whether it waits no longer."""
        me = processes.this_process("starter")
        row = store.get(job_id)
        limit = 1 if row.accelerator else get_settings().max_jobs
        claim = store.claim(job_id, me, limit, truth.holds)
        if claim == "claimed":
            self._begin(row, me)
        return claim != "waiting"

    def _beat(self, waiting: list[str]) -> None:
        """Say to other machines that whoever waits is still there."""
        me = processes.this_process("starter")
        for job_id in waiting:
            with suppress(LoupeError):  # the next beat will do
                store.change(job_id, was=["queued"], worker_was=me, heartbeat_at=datetime.now(UTC))

    def _begin(self, row: JobRow, me: str) -> None:
        try:
            ticket = {"job": row.id, "owner": me, "attempt": row.attempt, "module": kinds.module_of(row.kind)}
            worker = _spawn(row.id, ticket)
        except (LoupeError, OSError) as error:
            reason = (
                str(error) if isinstance(error, LoupeError) else f"Its process cannot be started: {error.strerror}."
            )
            self._mark(row, {**truth.outcome(row), "status": "failed", "error": reason})
            return
        with self._lock:
            self._workers[worker.pid] = row.id
        threading.Thread(target=self._watch, args=(row, worker), name=f"job-{row.id}", daemon=True).start()

    def _watch(self, row: JobRow, worker: subprocess.Popen[bytes]) -> None:
        looked = time.monotonic()
        while not _has_ended(worker):
            time.sleep(POLL_S)
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                with suppress(LoupeError):  # looks again in a second
                    truth.settle([store.get(row.id)])
        # Not waited for yet, so that its number is still its own: whatever it started goes with it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        if worker.stdin is not None:
            worker.stdin.close()
        with self._lock:
            del self._workers[worker.pid]
        if not self._closing:
            self._mark(row, None)

    def _mark(self, row: JobRow, values: dict[str, Any] | None) -> None:
        """Write how it ended unless its worker has; `None`: it was interrupted. Goes on until the store takes it."""
        while True:
            try:
                if values is None:
                    now = store.get(row.id)
                    store.change(row.id, was=["running"], attempt_was=row.attempt, **truth.outcome(now))
                else:
                    store.change(row.id, was=["running"], attempt_was=row.attempt, **values)
                return
            except NotFound:
                return
            except LoupeError as error:
                get_log().warning("the end of job %s cannot be stored yet: %s", row.id, error)
                time.sleep(AGAIN_S)

    def _close(self) -> None:
        """The process ends in an orderly way: end the workers now and say so, rather than leave it to whoever looks."""
        self._closing = True
        with self._lock:
            workers, waiting = dict(self._workers), list(self._waiting)
        for pid in workers:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        for job_id in [*workers.values(), *waiting]:
            with suppress(LoupeError):  # whoever looks will see that nobody is left
                row = store.get(job_id)
                store.change(job_id, was=store.ACTIVE, attempt_was=row.attempt, **truth.outcome(row))


def _spawn(job_id: str, ticket: dict[str, Any]) -> subprocess.Popen[bytes]:
    log = log_files.open_to_append(job_id)
    try:
        worker = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.worker", job_id],
            cwd=PROJECT,
            env=worker_environment(),
            stdin=subprocess.PIPE,  # closes when this process ends, and the worker with it
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in a terminal is the starter's to handle; one signal ends the whole group
        )
    finally:
        os.close(log)
    if worker.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended already; whoever watches it says so
            worker.stdin.write(json.dumps(ticket).encode() + b"\n")
            worker.stdin.flush()
    return worker


def _has_ended(worker: subprocess.Popen[bytes]) -> bool:
    """Without taking its exit status, which would give its number away (macOS has no such call)."""
    if not hasattr(os, "waitid"):
        return worker.poll() is not None
    ended = os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    return ended is not None


_starter: Starter | None = None
_starter_lock = threading.Lock()


def get_starter() -> Starter:
    """The one of this process."""
    global _starter
    with _starter_lock:
        if _starter is None:
            _starter = Starter()
        return _starter
