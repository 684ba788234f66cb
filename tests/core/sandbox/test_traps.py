"""The nine traps of the security anchors, each as a test, and what happens where the jail is missing or broken."""

from __future__ import annotations

import gc
import os
import resource
import stat
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from core.errors import Unsupported
from core.log import get_log
from core.sandbox import Limits, Program, run, run_many, status
from core.sandbox.engines import bubblewrap, monty
from core.sandbox.jail import GUESTS, jail
from tests.core.sandbox.conftest import Host, descendants, none_left

NEEDS_FULL = """
class A(list):
    pass
open(TARGET, 'w').write('x')
import os
os.system('touch ' + TARGET)
print(open(SECRET_FILE).read())
"""


def full(code: str, expression: str | None = None) -> str | None:
    ran = run(Program(code, expression), engine="bubblewrap")
    assert ran.ok, ran.error
    return ran.value


def fake_bwrap(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `bwrap` of our own, before the real one."""
    folder.mkdir()
    path = folder / "bwrap"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit\n{script}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_1_the_jail_is_started_with_an_empty_environment(host: Host, fresh: None) -> None:
    seen: list[dict[str, str]] = []

    def look() -> None:
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            for process in descendants():
                try:
                    seen.append(process.environ())
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=look)
    status()
    watcher.start()
    ran = run("import time, os\ntime.sleep(0.5)\nprint(os.environ, os.path.exists('/proc'))", engine="bubblewrap")
    watcher.join()
    assert ran.stdout.endswith("False\n")
    assert len(seen) > 3
    assert not any("LOUPE_TEST_API_KEY" in environment or host.secret in str(environment) for environment in seen)
    host.unharmed(ran)


def test_2_a_burst_of_forks_hurts_nobody_else() -> None:
    attempt = "    try:\n        made += os.fork() == 0\n    except OSError:\n        pass"
    burst = f"import os\nmade = 0\nfor i in range(150):\n{attempt}\nans = made"
    assert full(burst) == "0"
    assert [full("ans = 1") for _ in range(5)] == ["1"] * 5


def test_3_no_daemon_survives() -> None:
    run("import os\nif os.fork() == 0:\n    os.setsid()\n    while True: pass", engine="bubblewrap")
    none_left()


def test_4_python_works_wherever_it_lives() -> None:
    """Its standard library, compiled modules and the packages are there, from below whatever folder it is."""
    names = "json re decimal socket ctypes ssl sqlite3 zlib hashlib bz2 lzma datetime statistics fractions random"
    assert full(f"import {', '.join(names.split())}\nans = decimal.Decimal(1) / 4") == "0.25"
    assert full("import numpy, sympy, dateutil, mpmath\nans = sympy.Integer(numpy.int64(7))") == "7"


def test_4_only_the_named_packages_are_there() -> None:
    assert full("import os\nans = ' '.join(sorted(os.listdir('/')))") == "guest lib lib64 packages py tmp usr"
    packages = (full("import os\nans = ' '.join(os.listdir('/packages'))") or "").split()
    assert {"numpy", "sympy", "dateutil"} <= set(packages)
    own = {"numpy", "numpy.libs", "scipy", "scipy.libs", "sympy", "mpmath", "dateutil", "six.py", "tzdata"}
    assert set(packages) <= own
    for absent in ("pydantic", "torch", "core", "streamlit", "pip", "site"):
        code = f"try:\n    import {absent}\n    ans = str({absent})\nexcept ImportError:\n    ans = ''"
        assert "site-packages" not in (full(code) or "")


def test_5_the_host_is_out_of_reach() -> None:
    before = resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE), os.sched_getaffinity(0), os.getpriority(0, 0)
    for pid in (os.getpid(), "os.getppid()", 1):
        for attack in (
            f"os.kill({pid}, 9)",
            f"resource.prlimit({pid}, resource.RLIMIT_NOFILE, (1, 1))",
            f"os.sched_setaffinity({pid}, {{0}})",
            f"os.setpriority(os.PRIO_PROCESS, {pid}, 19)",
        ):
            assert run(f"import os, resource\n{attack}", engine="bubblewrap").status == "denied"
    assert before == (
        resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE),
        os.sched_getaffinity(0),
        os.getpriority(0, 0),
    )


def test_6_a_calculation_in_c_is_killed_from_outside() -> None:
    for engine in ("monty", "bubblewrap"):
        ran = run("x = 3 ** (10 ** 9)", engine=engine, limits=Limits(wall_s=0.5))  # type: ignore[arg-type]
        assert ran.status in ("timeout", "memory")


def test_7_namespaces_cannot_be_made_inside() -> None:
    arguments = jail("python.py", [], [], 0)
    assert {"--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"} <= set(
        arguments
    )
    assert "--proc" not in arguments
    assert "--dev" not in arguments
    assert full("import ctypes\nans = ctypes.CDLL(None, use_errno=True).unshare(0x10000000)") == "-1"


@pytest.mark.parametrize(
    "said",
    [
        "bwrap: setting up uid map: Permission denied",
        "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
        "bwrap: No permissions to create new namespace, likely because the kernel does not allow it.",
    ],
)
def test_8_without_namespaces_full_python_is_off_and_says_why(
    said: str, host: Host, fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_bwrap(tmp_path / "bin", monkeypatch, f"echo '{said}' >&2; exit 1")
    small, off = status()
    assert small.available
    assert not off.available
    assert "does not let bubblewrap make namespaces" in (off.why or "")
    with pytest.raises(Unsupported, match="does not let bubblewrap make namespaces"):
        run(host.aim(NEEDS_FULL))
    host.unharmed()


def refuse_everywhere(host: Host) -> None:
    """Full Python is off: nothing runs it, by any way in."""
    small, off = status()
    assert small.available
    assert (off.available, bool(off.why)) == (False, True)
    assert "\n" not in (off.why or "\n")
    assert run("ans = 1 + 1").engine == "monty"
    for engine in ("auto", "bubblewrap"):
        with pytest.raises(Unsupported, match="Full Python is off"):
            run(host.aim(NEEDS_FULL), engine=engine)  # type: ignore[arg-type]
    with pytest.raises(Unsupported, match="Full Python is off"):
        list(run_many([Program("1")], engine="bubblewrap"))
    many = dict(run_many([Program(host.aim(NEEDS_FULL)), Program("ans = 5")]))
    assert (many[0].engine, many[0].status, many[1].value) == ("monty", "error", "5")
    assert "class inheritance" in (many[0].error or "")
    host.unharmed()


def test_9_without_bubblewrap_nothing_falls_back(
    host: Host, fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refuse_everywhere(host)


def test_9_on_an_unknown_processor_nothing_falls_back(host: Host, fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    refuse_everywhere(host)


def test_9_an_old_bubblewrap_is_none(host: Host, fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bwrap(tmp_path / "bin", monkeypatch, "exit 1")
    (tmp_path / "bin" / "bwrap").write_text("#!/bin/sh\necho bubblewrap 0.4.1\n")
    refuse_everywhere(host)


def test_9_a_jail_that_lets_out_fails_its_self_test(
    host: Host, fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bwrap that just runs the command: the self-test sees that its scratch folder is the machine's."""
    command = (
        f'while [ "$1" != -- ]; do shift; done; shift 6; cd /; exec {sys.executable} -I {GUESTS / "python.py"} "$@"'
    )
    fake_bwrap(tmp_path / "bin", monkeypatch, command)
    refuse_everywhere(host)


def test_9_bubblewrap_that_disappears_later_is_missed(
    host: Host, fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [one.available for one in status()] == [True, True]
    bubblewrap.close()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unsupported):
        run(host.aim(NEEDS_FULL), engine="bubblewrap")
    [(_, ran)] = list(run_many([Program(host.aim(NEEDS_FULL))]))
    assert "did not start" in (ran.error or "")
    host.unharmed(ran)


@pytest.mark.parametrize("rules", [b"\xff" * 16, b""])
def test_9_a_filter_that_the_kernel_refuses_runs_nothing(
    rules: bytes, host: Host, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap, "program_filter", lambda: rules)
    refuse_everywhere(host)


def test_9_a_program_does_not_start_without_its_filter(host: Host) -> None:
    """In the jail itself: the child that cannot install its filter ends before the program's first line."""
    assert status()[1].available
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bubblewrap, "program_filter", lambda: b"\xff" * 16)
        guest = bubblewrap.start()
    limits = Limits()
    outcome = guest.run(bubblewrap.request(Program("print('ran')"), limits), limits)
    guest.close()
    assert (outcome.stdout, outcome.answer, outcome.exit_code) == (b"", None, 70)


def test_a_process_that_may_open_no_more_files_says_so_and_loses_none() -> None:
    """However far the start of a jail gets."""
    for engine in ("monty", "bubblewrap"):  # what is opened once and kept is open before anything is counted
        assert run("ans = 1", engine=engine).value == "1"
    get_log().warning("the log's file")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    bubblewrap.close()
    monty.close()
    gc.collect()  # what earlier tests left open would close in the middle
    listed = os.listdir("/proc/self/fd")  # the listing's own among them, which is closed by now
    highest = max(int(number) for number in listed if os.path.exists(f"/proc/self/fd/{number}"))
    gaps: list[int] = []
    while (free := os.dup(0)) < highest:
        gaps.append(free)  # numbers that are free below others would still be there under the limit
    os.close(free)
    held = len(os.listdir("/proc/self/fd"))
    try:
        for more in range(0, 14, 2):
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + more, hard))
            for engine in ("monty", "bubblewrap"):
                with pytest.raises(Unsupported, match="did not start"):
                    run("ans = 1", engine=engine)
            assert [ran.ok for _, ran in run_many([Program("1")], engine="bubblewrap")] == [False]
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            bubblewrap.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for gap in gaps:
            os.close(gap)
    held -= len(gaps)
    deadline = time.monotonic() + 10  # a spare jail may be on its way
    while (now := len(os.listdir("/proc/self/fd"))) > held and time.monotonic() < deadline:
        time.sleep(0.02)
    assert now <= held
    assert run("ans = 1", engine="bubblewrap").value == "1"


def test_signals_in_line_are_not_taken_from_the_user_who_runs_loupe() -> None:
    """The kernel counts waiting signals by user, across namespaces; when its number is reached timers fail for all."""
    queue = "for _ in range(20_000): os.kill(os.getpid(), 40)\nprint('queued')\ntime.sleep(9)"
    code = f"import os, signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, [40])\n{queue}"
    seen: list[int] = []
    before = waiting_signals()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, code, engine="bubblewrap", limits=Limits(wall_s=1.5))
        while not running.done():
            seen.append(waiting_signals())
            time.sleep(0.02)
    assert running.result().stdout == "queued\n"
    assert max(seen) < before + 5_000


def waiting_signals() -> int:
    """Of this user."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("SigQ:")]
    return int(line.split()[1].split("/")[0])
