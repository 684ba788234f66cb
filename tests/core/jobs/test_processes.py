"""Which process a row names, whether it lives, what ends with it; a line that no busy process outlives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.jobs import processes
from tests.core.jobs.conftest import alive, until

ROOT = Path(__file__).parents[3]
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


def test_a_name_is_of_one_process_only() -> None:
    me = processes.this_process("starter")
    host, pid, start, role = me.split(" ")
    assert (pid, role) == (str(os.getpid()), "starter")
    assert processes.is_here(me) and processes.is_alive(me)
    assert not processes.is_alive(f"{host} {pid} {int(start) - 1} starter")  # the number was given away again
    assert not processes.is_alive(f"{host} 999999999 {start} starter")
    assert not processes.is_here(f"elsewhere {pid} {start} starter")
    for damaged in (None, "", "x", f"{host} x y", f"{host} {pid}"):
        assert not processes.is_alive(damaged)


def test_a_dead_process_that_nobody_waited_for_is_not_alive() -> None:
    child = subprocess.Popen(SLEEP)
    name = f"{processes.name_of(child.pid)} worker"
    assert processes.is_alive(name)
    child.kill()
    until(lambda: not alive(child.pid))
    assert not processes.is_alive(name)
    child.wait()


def test_a_worker_is_ended_with_its_session_and_a_starter_never(tmp_path: Path) -> None:
    leader = (
        "import subprocess, sys, time; c = subprocess.Popen(sys.argv[1:]); print(c.pid, flush=True); time.sleep(600)"
    )
    processes_of: list[tuple[subprocess.Popen[str], int]] = []
    for _ in range(2):
        one = subprocess.Popen(
            [sys.executable, "-c", leader, *SLEEP], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert one.stdout is not None
        processes_of.append((one, int(one.stdout.readline())))
    (living, child), (killed, orphan) = processes_of
    name = processes.name_of(living.pid)
    processes.end_worker(f"{name} starter")
    assert alive(living.pid) and alive(child)
    processes.end_worker(f"{name}1 worker")  # another process had this number once
    assert alive(living.pid) and alive(child)
    processes.end_worker(f"{name} worker")
    until(lambda: not alive(living.pid) and not alive(child))
    name = processes.name_of(killed.pid)
    killed.kill()
    killed.wait()
    assert alive(orphan)
    processes.end_worker(f"{name} worker")
    until(lambda: not alive(orphan))
    for one, _ in processes_of:
        one.wait()
        if one.stdout is not None:
            one.stdout.close()


BUSY = """
import ctypes, subprocess, sys
from core.jobs import lifeline
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
lifeline.tie(0, group=True)
print(child.pid, flush=True)
ctypes.PyDLL(None).sleep(600)  # in C, and no other thread of Python gets its turn
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process that holds the interpreter")
def test_a_line_ends_even_a_process_that_holds_the_interpreter() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, *SLEEP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    child = int(process.stdout.readline())
    assert process.poll() is None and alive(child)
    process.stdin.close()
    assert process.wait(30) == -signal.SIGKILL
    until(lambda: not alive(child))
    process.stdout.close()


def test_a_child_ends_when_its_parent_is_killed() -> None:
    child = (
        "import os, time; from core.jobs import end_with_parent; end_with_parent(); "
        "print(os.getpid(), flush=True); time.sleep(600)"
    )
    parent = (
        "import subprocess, sys; "
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdin=subprocess.PIPE); child.wait()"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert alive(pid)
    process.kill()
    process.wait()
    until(lambda: not alive(pid))
    process.stdout.close()


def test_a_line_that_was_closed_before_ends_at_once() -> None:
    program = "import os; from core.jobs import lifeline; lifeline.tie(0, group=True); print('lives on')"
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, check=False
    )
    assert done.returncode != 0 and done.stdout == b""  # and this process, whose group it is in, lives
