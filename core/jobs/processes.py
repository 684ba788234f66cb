"""Processes of this machine by name: which one wrote into a row, whether it still is, and how it is ended.

A process is named by host, process id and start, since process ids are used again, and by what it is to the job: only
workers are ever ended from here, never a server that started one. Knows nothing of jobs.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Literal

Role = Literal["starter", "worker"]


def name_of(pid: int) -> str | None:
    """`HOST PID START` of a living process; `None` when there is no such process, or only what is left of a dead one.

    The start is counted in ticks since the machine came up where the system tells (Linux): a clock that is set anew
    changes nothing.
    """
    start = _start(pid)
    return None if start is None else f"{socket.gethostname()} {pid} {start}"


def this_process(role: Role) -> str:
    """The name of this process, with what it is to a job."""
    return f"{name_of(os.getpid()) or f'{socket.gethostname()} {os.getpid()} 0'} {role}"


def is_here(name: str | None) -> bool:
    """Whether the named process is, or was, of this machine."""
    return (name or "").split(" ")[0] == socket.gethostname()


def is_alive(name: str | None) -> bool:
    """Whether the named process of this machine still is."""
    pid, start = _parts(name)
    return pid is not None and _start(pid) == start


def end_worker(name: str | None) -> None:
    """Kill the named worker of this machine, which leads a session, and whatever of that session is left.

    The whole group goes at once while its leader lives. Otherwise each process is looked at: a session's number is not
    given away while somebody is in it, but a later session may have taken it.
    """
    pid, start = _parts(name)
    if pid is None or start is None or not is_here(name) or not (name or "").endswith(" worker"):
        return
    if is_alive(name):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    for member in _session(pid, start):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)


def _parts(name: str | None) -> tuple[int | None, str | None]:
    """Process id and start in a name."""
    parts = (name or "").split(" ")
    return (int(parts[1]), parts[2]) if len(parts) >= 3 and parts[1].isdigit() else (None, None)


def _session(leader: int, start: str) -> list[int]:
    """Living processes of the session that a process led: none if somebody else leads it now."""
    if _start(leader) not in (None, start):
        return []
    began = _number(start)
    found = []
    for pid in _pids():
        with suppress(ProcessLookupError, PermissionError):
            if pid != leader and os.getsid(pid) == leader and _number(_start(pid)) >= began:
                found.append(pid)
    return found


def _number(start: str | None) -> float:
    try:
        return float(start or "nan")
    except ValueError:
        return float("nan")  # compares as false with everything


def _pids() -> list[int]:
    import psutil

    return psutil.pids()


def _start(pid: int) -> str | None:
    """When a living process started, as this system counts; `None` for none and for a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _start_elsewhere(pid)
    except OSError:
        return _start_elsewhere(pid)
    values = stat.rpartition(")")[2].split()  # the command's name before it may hold anything
    return None if values[0] in "ZX" else values[19]


def _start_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:  # it is somebody else's, so it is not the one that was named
        return None
