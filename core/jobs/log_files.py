"""The log of a job: everything its worker printed, in `logs/jobs/ID.log` of the data directory, for its owner only.

Knows nothing of the store. Secrets are blanked when it is read: libraries print what they like.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from core.errors import StoreError
from core.log import redact
from core.settings import ensure_home, get_settings

MAX_BYTES = 4 * 2**20
"""A longer log loses its first half."""
TAIL_BYTES = 256 * 2**10
"""Most that `tail` reads."""


def path_of(job_id: str) -> Path:
    """Where the log of a job is, if there is one; `job_id` must be one that the store knows."""
    return get_settings().home / "logs" / "jobs" / f"{job_id}.log"


def open_to_append(job_id: str) -> int:
    """A descriptor for a worker's output, which the caller closes.

    Raises:
        StoreError: it cannot be written.
    """
    ensure_home()
    path = path_of(job_id)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise StoreError(f"The log {path} cannot be written: {error.strerror}; see to it and start again.") from None


def tail(job_id: str, lines: int = 200) -> str:
    """The last lines, at most `TAIL_BYTES` of them; "" where there is no log (yet, or any more).

    Raises:
        StoreError: it cannot be read.
    """
    path = path_of(job_id)
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            data = file.read(TAIL_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreError(f"The log {path} cannot be read: {error.strerror}.") from None
    text = data.decode("utf-8", "replace")
    if size > TAIL_BYTES:
        text = text.partition("\n")[2]
    return redact("\n".join(text.splitlines()[-max(lines, 0) :] if lines > 0 else []))


def cap(job_id: str) -> None:
    """Drop the first half of a log that has grown too long; its writers append, so they need not know."""
    path = path_of(job_id)
    with suppress(OSError):  # the disk may be full: the log is the last thing to stop a job for
        if path.stat().st_size <= MAX_BYTES:
            return
        with path.open("r+b") as file:
            file.seek(-MAX_BYTES // 2, os.SEEK_END)
            kept = file.read().partition(b"\n")[2]
            file.seek(0)
            file.truncate()
            file.write(b"(earlier lines were dropped: the log had grown too long)\n" + kept)


def remove(job_id: str) -> None:
    """Delete the log, if there is one."""
    with suppress(OSError):
        path_of(job_id).unlink()
