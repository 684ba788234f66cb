"""Programs that try to get out or to use up the machine, in every engine; the machine is looked at afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import psutil
import pytest

from core.sandbox import Execution, Limits, Program, run, run_many, status
from core.sandbox.seccomp import policy
from tests.core.sandbox import escapes
from tests.core.sandbox.conftest import Host, none_left

ENGINES: tuple[Literal["monty", "bubblewrap"], ...] = ("monty", "bubblewrap")
ESCAPES = {
    f"{kind}: {name}": code
    for kind in ("PROCESSES", "FILES", "NETWORK", "KERNEL", "PYTHON")
    for name, code in getattr(escapes, kind).items()
}
ROOT = Path(__file__).parents[3]
QUICK = Limits(wall_s=1.0)


def megabytes() -> float:
    return psutil.Process().memory_info().rss / 2**20


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_is_on_here(engine: str) -> None:
    """The tests below would say nothing about an engine that is off."""
    assert [(one.available, one.why) for one in status() if one.name == engine] == [(True, None)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_gets_out(name: str, engine: Literal["monty", "bubblewrap"], host: Host) -> None:
    ran = run(host.aim(ESCAPES[name]), engine=engine, limits=QUICK)
    host.unharmed(ran)
    assert ran.engine == engine
    assert ran.ok or ran.error
    assert ran.duration_s < QUICK.wall_s + 1.5
    json.dumps(ran.stdout).encode()
    assert os.kill(os.getpid(), 0) is None


def test_nothing_gets_out_of_a_batch_or_into_the_next_program(host: Host) -> None:
    """The jail is shared: the program after each attack must be as if it were the first."""
    after = Program("import os\nprint(sorted(os.listdir('/tmp')), os.getcwd())\nprint(sum([1, 2]))\nans = 42")
    programs = [one for code in ESCAPES.values() for one in (Program(host.aim(code)), after)]
    ran = dict(run_many(programs, engine="bubblewrap", limits=QUICK, workers=1))
    for number, name in enumerate(ESCAPES):
        host.unharmed(ran[2 * number])
        following = ran[2 * number + 1]
        assert (following.status, following.value, following.stdout) == ("ok", "42", "[] /tmp\n3\n"), name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", escapes.ENDLESS)
def test_a_program_without_end_is_killed(name: str, engine: Literal["monty", "bubblewrap"]) -> None:
    began = time.monotonic()
    ran = run(escapes.ENDLESS[name], engine=engine, limits=Limits(wall_s=0.5))
    assert ran.status == "timeout" or (engine == "monty" and not ran.ok)
    assert time.monotonic() - began < 6  # the kill itself takes no second; a busy machine may


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", escapes.GREEDY)
def test_a_greedy_program_is_stopped_and_costs_this_process_nothing(
    name: str, engine: Literal["monty", "bubblewrap"], host: Host
) -> None:
    run("1", engine=engine)
    before = megabytes()
    ran = run(escapes.GREEDY[name], engine=engine, limits=QUICK)
    assert megabytes() - before < 60
    assert len(ran.stdout) < 2**20 + 100
    assert len(ran.result or "") < 30_000
    assert len(ran.error or "") < 1_100
    host.unharmed(ran)


def test_the_peak_of_a_process_stays_low_too() -> None:
    """A value or an error may be as large as the program's memory, but never arrives here whole."""
    program = (
        "import resource\n"
        "from core.sandbox import Limits, run\n"
        "from tests.core.sandbox import escapes\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "run('1', engine='monty'); before = peak()\n"
        "for engine in ('monty', 'bubblewrap'):\n"
        "    for name in ('big error', 'big answer', 'big class', 'output in one'):\n"
        "        run(escapes.GREEDY[name], engine=engine, limits=Limits(wall_s=2.0))\n"
        "print(peak() - before)\n"
    )
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(child.stdout) < 40  # MB


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["PROCESSES: forks", "PROCESSES: clone", "ENDLESS: stopped", "ENDLESS: deaf loop"])
def test_no_process_is_left(name: str, engine: Literal["monty", "bubblewrap"], host: Host) -> None:
    kind, _, title = name.partition(": ")
    run(host.aim(getattr(escapes, kind)[title]), engine=engine, limits=QUICK)
    none_left()


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("FILES: devices", "denied"),
        ("FILES: passwd", "denied"),
        ("NETWORK: dns", "denied"),
        ("NETWORK: http", "denied"),
        ("PROCESSES: threads", "denied"),
        ("GREEDY: shared memory", "memory"),
        ("PROCESSES: exec", "denied"),
        ("NETWORK: tcp", "denied"),
        ("NETWORK: abstract", "denied"),
        ("KERNEL: scheduling", "denied"),
        ("PYTHON: segfault", "error"),
        ("PYTHON: exit at once", "error"),
    ],
)
def test_the_filter_itself_says_no(name: str, status: str, host: Host) -> None:
    """Not only is there nothing to reach: the kernel refuses the call."""
    kind, _, title = name.partition(": ")
    assert run(host.aim(getattr(escapes, kind)[title]), engine="bubblewrap").status == status


def calls(ran: Execution) -> dict[str, str]:
    """What `escapes.SYSCALL` printed: number of the call → result and errno."""
    return {line.split()[0]: " ".join(line.split()[1:]) for line in ran.stdout.splitlines() if line[:1].isdigit()}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of calls are those of x86-64")
@pytest.mark.parametrize(
    "name",
    [
        *("proc by mount", "remount", "handles", "ptrace", "memory of others", "descriptors of others", "namespaces"),
        *("io_uring", "bpf, perf, userfaultfd", "keyring", "capabilities", "undo the filter", "clock and name"),
        *("shared memory", "every family", "clone", "pivot", "splice", "mounts by descriptor", "memory and exec"),
        *("filters and listeners", "kinds of prctl"),
    ],
)
def test_no_forbidden_call_succeeds(name: str, host: Host) -> None:
    [code] = [code for title, code in ESCAPES.items() if title.endswith(f": {name}")]
    made = calls(run(host.aim(code), engine="bubblewrap", limits=QUICK))
    assert made
    refused = {"-1 1", "-1 38"}  # EPERM, ENOSYS
    assert {number: said for number, said in made.items() if said not in refused and number != "41"} == {}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="there is no other table elsewhere")
def test_another_table_of_calls_kills(host: Host) -> None:
    for name in ("32-bit calls", "x32 calls"):
        ran = run(host.aim(escapes.KERNEL[name]), engine="bubblewrap")
        assert (ran.status, ran.stdout) == ("denied", "")


def test_a_program_holds_no_descriptor_but_its_own() -> None:
    """Standard input, output, errors and its answer; not the host's requests, not what its parent reports."""
    attempt = "    try:\n        os.fstat(i)\n        print(i)\n    except OSError:\n        pass"
    look = f"import os\nfor i in range(2000):\n{attempt}"
    for ran in (run(look, engine="bubblewrap"), dict(run_many([Program("1"), Program(look)], workers=1))[1]):
        assert ran.stdout.split() == ["0", "1", "2", "3"]


WRITABLE = """
import os
found = []
for root, folders, files in os.walk('/'):
    for name in [*files[:20], 'new']:
        try:
            os.close(os.open(os.path.join(root, name), os.O_WRONLY | (os.O_CREAT if name == 'new' else 0)))
            found.append(os.path.join(root, name))
        except OSError:
            pass
ans = ' '.join(found)
"""
FULL = """
import os
total = 0
try:
    for i in range(300):
        with open(f'/tmp/{i}', 'wb', buffering=0) as file:
            for _ in range(100):
                total += file.write(bytes(10 ** 4))
except OSError:
    pass
ans = total
"""


EVERY_CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
answered = []
for number in range(470):
    if number not in SKIPPED:
        ctypes.set_errno(0)
        if libc.syscall(number, -1, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() not in (1, 38):
            answered.append(number)
ans = ' '.join(map(str, answered))
"""
WAITS_OR_ENDS = {
    *("read", "write", "close", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "select", "pselect6", "nanosleep"),
    *("exit", "exit_group", "poll", "ppoll", "epoll_wait", "epoll_pwait", "clock_nanosleep", "futex", "dup", "dup2"),
    *("munmap", "mprotect", "mmap", "brk", "mremap", "madvise", "sigaltstack", "alarm", "setitimer", "close_range"),
    "restart_syscall",
}
"""Allowed calls that would end or stop the program that tries every call with nonsense."""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of calls are those of x86-64")
def test_of_all_calls_the_kernel_answers_only_those_on_the_list() -> None:
    known = {name: numbers[0] for name, numbers in policy._NUMBERS.items() if name in policy._PROGRAM}
    uprobes = {335, 336}  # the kernel's own trampolines; no filter sees them, and outside of a trampoline they crash
    skipped = {known[name] for name in WAITS_OR_ENDS} | uprobes
    ran = run(f"SKIPPED = {skipped}\n{EVERY_CALL}", engine="bubblewrap")
    answered = {int(number) for number in (ran.value or "").split()}
    assert len(answered) > 20
    assert answered <= set(known.values())


def test_only_the_scratch_folder_can_be_written_and_it_is_small() -> None:
    assert run(WRITABLE, engine="bubblewrap", limits=Limits(wall_s=20)).value == "/tmp/new"
    written = int(run(FULL, engine="bubblewrap", limits=Limits(wall_s=20)).value or 0)
    assert 60e6 < written < 68e6


def test_loops_among_a_hundred_programs_die_and_the_others_finish() -> None:
    programs = [Program("while True: pass" if number % 17 == 3 else f"ans = {number} ** 2") for number in range(100)]
    loops = {number for number in range(100) if number % 17 == 3}
    ran = dict(run_many(programs, limits=QUICK))
    assert sorted(ran) == list(range(100))
    assert {number for number, one in ran.items() if one.status == "timeout"} == loops
    assert all(one.value == str(number**2) for number, one in ran.items() if number not in loops)
