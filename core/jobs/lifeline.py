"""A pipe that ties a process to the one that started it: when the starter ends, however it ends, so does the tied one.

The starter holds the writing end and never writes to it once the line is tied; the kernel closes it with the process,
even after kill -9. On Linux the kernel itself then sends SIGKILL to the tied process and, if asked, to its whole group:
no thread has to get its turn, so that a process inside a C function that holds the interpreter dies too.
Elsewhere a thread reads. (PR_SET_PDEATHSIG would not do: it fires when the *thread* that started the child ends.)

Knows nothing of jobs.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from typing import NoReturn


def end_with_parent() -> None:
    """For a child process: end as soon as the process that started it with `stdin=PIPE` does.

    Call it first thing in the child. The parent must keep the pipe open while it wants the child, and must not write to
    it afterwards. Give a child that needs a stdin of its own the line by another pipe, and call `tie`.
    """
    tie(sys.stdin.fileno())


def tie(line: int, *, group: bool = False) -> None:
    """From here on this process ends when the other end of the pipe `line` closes; with `group` all of its group does.

    Returns only while the other end is open. The descriptor must stay open. A group counts only for the process that
    leads it: one that was started by hand would end the terminal's other programs.
    """
    group = group and _leads()
    threading.Thread(target=_end_at_its_end, args=(line, group), name="lifeline", daemon=True).start()
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(line, fcntl.F_SETOWN, -os.getpgrp() if group else os.getpid())
        fcntl.fcntl(line, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(line, fcntl.F_SETFL, fcntl.fcntl(line, fcntl.F_GETFL) | os.O_ASYNC)
    readable, _, _ = select.select([line], [], [], 0)
    if readable:  # it had closed before anybody listened
        end(group=group)


def end(*, group: bool = False) -> NoReturn:
    """End this process now, with `group` (if it leads it) and everything it started; nothing is flushed."""
    if group and _leads():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _leads() -> bool:
    return os.getpgrp() == os.getpid()


def _end_at_its_end(line: int, group: bool) -> None:
    while os.read(line, 1024):
        pass
    end(group=group)
