"""The process that does one job: `python -m core.jobs.worker JOB_ID`, started by `core.jobs.starter` and nobody else.

The first line of stdin is the starter's ticket (its name, the attempt, the kind's module); after it the pipe is the
line that ends this process and all of its children with the starter. Knows nothing of what the kinds do.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from core.errors import LoupeError
from core.jobs import kinds, lifeline, processes
from core.jobs.context import JobCancelled, JobContext, as_document
from core.jobs.reporter import Reporter
from core.jobs.words import printable
from core.log import redact
from core.store import jobs as store

UNEXPECTED = "Something went wrong inside Loupe; the log of this job has the details."


def main(job_id: str) -> int:
    """Do the job; the exit code is 0 if the store knows how it ended."""
    ticket = json.loads(_first_line(0) or "{}")
    lifeline.tie(os.dup(0), group=True)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if not ticket or job_id != ticket["job"]:
        return 2
    me = processes.this_process("worker")
    claimed: dict[str, Any] = {"worker_was": ticket["owner"], "attempt_was": ticket["attempt"]}
    if not store.change(job_id, was=["running"], **claimed, worker=me, heartbeat_at=datetime.now(UTC)):
        return 0  # cancelled, or given up, while this process was coming up
    row = store.get(job_id)
    job = JobContext(job_id, row.attempt, json.loads(row.result))
    reporter = Reporter(job, me)
    if row.cancel_requested:
        job.cancelled.set()
    reporter.begin()
    job.log(f"attempt {row.attempt} of job {job_id} ({row.kind}: {row.title}) in process {os.getpid()}")
    ending = _work(ticket["module"], json.loads(row.request), job)
    now = datetime.now(UTC)
    job.log(f"{ending['status']}{': ' + ending['error'] if ending['error'] else ''}")
    stored = reporter.finish(**ending, worker=None, ended_at=now, updated_at=now, cancel_requested=False)
    return 0 if stored else 1


def _work(module: str, request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Run the kind; the columns that say how it ended."""
    try:
        job.check()
        result = kinds.load(module).run(request, job)
        return {"status": "finished", "error": None, "result": as_document(result)}
    except JobCancelled:
        return {"status": "cancelled", "error": None}
    except Exception as error:
        return _failure(error, job)


def _failure(error: Exception, job: JobContext) -> dict[str, Any]:
    """The columns of a job whose kind raised `error`."""
    if not isinstance(error, LoupeError):
        traceback.print_exception(error)
    if job.cancelled.is_set():  # what it waited for was told to stop, and said so in its own way
        job.log(f"while it stopped: {error}")
        return {"status": "cancelled", "error": None}
    if isinstance(error, LoupeError):
        return {"status": "failed", "error": printable(redact(str(error)))}
    if isinstance(error, MemoryError):
        return {"status": "failed", "error": "There was not enough memory; free some, or ask for less, and resume it."}
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return {"status": "failed", "error": "The disk is full; free some space and resume the job."}
    return {"status": "failed", "error": UNEXPECTED}


def _first_line(descriptor: int) -> bytes:
    """Byte by byte, since the rest of the pipe belongs to the lifeline; b"" when the starter is gone."""
    line = b""
    while (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
        line += byte
    return line if byte else b""


if __name__ == "__main__":
    code = 1
    try:
        code = main(sys.argv[1])
    except Exception:  # a process boundary: the starter marks the job, the log says why
        traceback.print_exc()
    finally:
        with suppress(OSError):  # the disk of the log may be full
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # threads that a library left behind must not keep the process
