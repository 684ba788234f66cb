"""The self-test of each engine: a program tries to get out, and the host looks whether it did.

An engine that fails stays off, with the reason in a sentence. Nothing runs in an engine before it has passed.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from pathlib import Path

from core.errors import Unsupported
from core.sandbox.engines import bubblewrap, monty
from core.sandbox.process import Guest, GuestFailed
from core.sandbox.program import EngineStatus, Limits, Program

_LIMITS = Limits(wall_s=20.0)  # a machine under load is not a broken one
_KNOWN = ("HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "PWD")
_ATTEMPTS = """
import json, os, re, decimal, socket
def tried(action):
    try:
        action()
    except Exception:
        return False
    return True
def fork():
    if os.fork() == 0:
        os._exit(0)
found = []
if set(os.environ) - set(KNOWN): found.append("sees the environment")
if tried(lambda: open("/proc/1/environ")) or tried(lambda: os.listdir("/proc")): found.append("sees other processes")
if tried(lambda: open(SECRET)): found.append("reads files of this machine")
if tried(lambda: open(TARGET, "w")): found.append("writes where it should not")
if tried(lambda: open("/made", "w")) or tried(lambda: open("/dev/made", "w")): found.append("writes outside its folder")
if tried(lambda: socket.socket()): found.append("opens sockets")
if tried(fork): found.append("starts processes")
if tried(lambda: os.kill(os.getppid(), 0)): found.append("signals other processes")
open("/tmp/own", "w").write("x")
"""


def full() -> EngineStatus:
    """CPython in bubblewrap."""
    try:
        found = _escapes(bubblewrap.start())
    except GuestFailed as failure:
        return EngineStatus(bubblewrap.NAME, False, f"Full Python is off: {failure.reason()}")
    except Unsupported as failure:
        return EngineStatus(bubblewrap.NAME, False, f"Full Python is off: {failure}")
    if found:
        return EngineStatus(bubblewrap.NAME, False, f"Full Python is off: in its jail a program {found} here.")
    return EngineStatus(bubblewrap.NAME, True, None)


def small(*, jailed: bool) -> EngineStatus:
    """Monty, inside bubblewrap when the full engine has passed."""
    try:
        monty.prepare(jailed=jailed)
        ran = monty.run(Program("import math\nprint('out')\nmath.sqrt(16)"), _LIMITS)
        env = monty.run(Program("import os\nos.environ"), _LIMITS)
        read = monty.run(Program("open('/etc/passwd').read()"), _LIMITS)
        spawn = monty.run(Program("import os\nos.system('true')"), _LIMITS)
        net = monty.run(Program("import socket"), _LIMITS)
    except Unsupported as failure:
        return EngineStatus(monty.NAME, False, f"Monty is off: {failure}")
    if (ran.status, ran.stdout, ran.value) != ("ok", "out\n", "4.0"):
        return EngineStatus(monty.NAME, False, f"Monty is off: its self-test ended with {ran.error or ran.value}.")
    if any(escaped.ok for escaped in (env, read, spawn, net)):
        return EngineStatus(monty.NAME, False, "Monty is off: in it a program reaches this machine.")
    return EngineStatus(monty.NAME, True, None)


def _escapes(guest: Guest) -> str:
    """What a program could do that it must not, or ""."""
    secret, folder = secrets.token_hex(16), None
    try:
        with tempfile.TemporaryDirectory(prefix="loupe-sandbox-") as folder:
            (hidden := Path(folder) / "secret").write_text(secret)
            target = Path(folder) / "target"
            names = f"KNOWN, SECRET, TARGET = {_KNOWN!r}, {str(hidden)!r}, {str(target)!r}\n"
            program = Program(_ATTEMPTS, "json.dumps(found)", prelude=names)
            outcome = guest.run(bubblewrap.request(program, _LIMITS), _LIMITS)
            if target.exists():
                return "writes where it should not"
    finally:
        guest.close()
    answer = outcome.answer or {}
    if answer.get("status") != "ok":
        ended = f"the self-test ended with code {outcome.exit_code}, {guest.said or outcome.why}"
        raise GuestFailed(str(answer.get("error") or ended))
    return " and ".join(json.loads(str(answer["value"])))
