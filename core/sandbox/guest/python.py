"""Inside the jail: forks one child per program, runs the program in it, sends back what it came to.

Runs only in the jail, as a script, with nothing of Loupe beside it; the host never runs it. The process that forks
reads no word that a program or a person wrote: it sees a header of numbers, forks, and the child reads the rest. So
nothing of one program is in the memory that the next one inherits.

    descriptor 0   from the host: a line of JSON with what to set up, then per program a header and a line of JSON
    descriptor 1   what programs print
    descriptor 2   what this process has to say when it fails; what programs write there, the host drops
    ANSWER         from programs to the host: one line of JSON, which the host believes about that program only
    CONTROL        from this process to the host; closed in a child before its program starts
"""

from __future__ import annotations

import ast
import builtins
import ctypes
import errno
import fcntl
import gc
import importlib
import importlib.machinery
import io
import json
import math
import os
import resource
import signal
import struct
import sys
import time
import types
from typing import Any, NoReturn

HEADER = struct.Struct("=II")
"""Milliseconds until the program is killed; bytes of the JSON that follows."""
OWN_PID = 0x7FABCDEF
SCRATCH = "/tmp"
MAX_TEXT = 20_000
MOST_FILES = 10_000
_ENDED_BY_NAME = ("ans", "answer", "result")
_SEVERAL: tuple[type, ...] = (list, tuple, set, frozenset, range, type({}.keys()), type({}.values()), type({}.items()))
_Refused = (errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOSYS)


def main(answer: int, control: int) -> None:
    """Serve programs until the host closes its end."""
    setup = json.loads(_read_line(0))
    sys.path.append("/packages")
    for name in setup["preload"]:
        importlib.import_module(name)
    rules = bytes.fromhex(setup["filter"])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    gc.collect()
    gc.freeze()
    os.write(control, b"ready\n")
    while header := _read(0, HEADER.size):
        wall_ms, length = HEADER.unpack(header)
        child = os.fork()
        if child == 0:
            _child(length, answer, control, rules)
        status, why = _wait(child, wall_ms / 1000)
        clean = next(os.scandir(SCRATCH), None) is None and os.stat(SCRATCH).st_mode & 0o7777 == 0o755
        ended = {"exit": os.waitstatus_to_exitcode(status), "why": why, "clean": clean}
        os.write(control, json.dumps(ended).encode() + b"\n")


def _wait(child: int, seconds: float) -> tuple[int, str]:
    """Wait for the child; kill it when its time is over. Nothing but SIGKILL ends a loop in C.

    Also when it makes very many files: each costs the machine memory that no limit of the process counts.
    """
    deadline, why = time.monotonic() + seconds, ""
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status, why
        left = deadline - time.monotonic()
        if not why and (why := "late" if left <= 0 else "files" if _files() > MOST_FILES else ""):
            os.kill(child, signal.SIGKILL)
        signal.sigtimedwait([signal.SIGCHLD], 1.0 if why else min(max(left, 0.001), 0.05))


def _files() -> int:
    room = os.statvfs(SCRATCH)
    return room.f_files - room.f_ffree


def _child(length: int, answer: int, control: int, rules: bytes) -> NoReturn:
    """Become the program: read it, give up every right, run it."""
    write, leave = os.write, os._exit  # the program may put its own in their place
    code = 70
    try:
        request = json.loads(_read(0, length))
        os.write(control, b"started\n")
        nothing, writer = os.pipe()  # whoever reads stdin is at its end at once
        os.close(writer)
        os.dup2(nothing, 0)
        os.dup2(answer, 3)
        os.closerange(4, 1 << 16)
        for descriptor in (1, 2, 3):  # an earlier program may have made the shared pipe non-blocking
            fcntl.fcntl(descriptor, fcntl.F_SETFL, 0)
        os.chdir(SCRATCH)
        os.umask(0o022)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed()  # else every program would draw the same numbers
        _limit(request)
        _install(rules)
        program = Program(request)
        code = 71
        found = program.run()
        reply = json.dumps(found).encode("utf-8", "backslashreplace") + b"\n"
        while reply:
            reply = reply[write(3, reply) :]
        code = 0
    except BaseException as failure:
        if code == 70:
            write(2, f"{type(failure).__name__}: {failure}\n".encode("utf-8", "backslashreplace"))
    finally:
        leave(code)  # no atexit hook and no finaliser of the program runs


def _limit(request: dict[str, Any]) -> None:
    memory = request["memory_bytes"]
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, math.ceil(request["wall_s"]) + 1),
        (resource.RLIMIT_FSIZE, 50 * 2**20),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),  # counted together with those of the user who runs Loupe
    ):
        resource.setrlimit(kind, (most, most))


def _install(rules: bytes) -> None:
    """Add the program's filter on system calls, its own process number in it; nothing can take it away again."""

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

    rules = b"".join(
        struct.pack("=HBBI", *step[:3], os.getpid() if step[3] == OWN_PID else step[3])
        for step in struct.iter_unpack("=HBBI", rules)
    )
    kept = ctypes.create_string_buffer(rules, len(rules))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, by_filter = 38, 22, 2
    word = ctypes.c_ulong
    if libc.prctl(no_new_privileges, word(1), word(0), word(0), word(0)) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    program = Filter(len(rules) // 8, ctypes.addressof(kept))
    if libc.prctl(set_seccomp, word(by_filter), ctypes.byref(program), word(0), word(0)) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


class Part(importlib.machinery.SourceFileLoader):
    """One piece of the program (prelude, program, expression) as a module's source; there is no file."""

    def __init__(self, name: str, source: str | ast.Module) -> None:
        super().__init__("__main__", f"<{name}>")  # the name it has in tracebacks
        self._source = source

    def get_code(self, fullname: str) -> types.CodeType:
        """The compiled piece."""
        return self.source_to_code(self._source, self.path)


class Program:
    """Runs the pieces in one fresh namespace and says what they came to."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.code: str = request["code"]
        self.expression: str | None = request["expression"]
        self.prelude: str = request["prelude"]
        self.module = types.ModuleType("__main__")
        self.module.__dict__["math"] = math
        # Programs of models end with exit(); module site, which is not loaded, would have added it.
        vars(builtins).update(exit=sys.exit, quit=sys.exit)
        sys.modules["__main__"] = self.module
        sys.argv = ["program.py"]
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
        out = io.FileIO(1, "w", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(out), "utf-8", "backslashreplace", line_buffering=True)

    def run(self) -> dict[str, str | None]:
        """Status, result, value and error, as texts."""
        try:
            value = self._evaluate()
            shown = None if value is None else _cut(_text(value))
            plain = _plain(value)
            if plain is not None and len(plain) > MAX_TEXT:
                plain = None
            found = {"status": "ok", "result": shown, "value": plain, "error": None}
        except BaseException as failure:
            found = {"status": _status(failure), "result": None, "value": None, "error": _describe(failure)}
        try:
            sys.stdout.flush()
        except BaseException as failure:
            found["error"] = found["error"] or f"What it printed last is lost ({type(failure).__name__})."
        return found

    def _evaluate(self) -> Any:
        names = self.module.__dict__
        if self.prelude:
            self._execute("prelude", self.prelude)
        tree = ast.parse(self.code, "<program>")
        last = tree.body[-1] if tree.body and self.expression is None else None
        if isinstance(last, ast.Expr):
            target = ast.copy_location(ast.Name("__last__", ast.Store()), last)
            tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
        try:
            self._execute("program", tree)
        except SystemExit as stop:
            if stop.code not in (None, 0):
                raise
        if self.expression is not None:
            return self._value_of(self.expression)
        if names.get("__last__") is not None:
            return names["__last__"]
        if callable(names.get("solution")):
            return self._value_of("solution()")
        return next((names[name] for name in _ENDED_BY_NAME if names.get(name) is not None), None)

    def _value_of(self, expression: str) -> Any:
        parsed = ast.parse(expression.strip(), "<expression>", mode="eval").body
        target = ast.copy_location(ast.Name("__value__", ast.Store()), parsed)
        assignment = ast.copy_location(ast.Assign([target], parsed), parsed)
        self._execute("expression", ast.Module([assignment], []))
        return self.module.__dict__["__value__"]

    def _execute(self, name: str, source: str | ast.Module) -> None:
        Part(name, source).exec_module(self.module)


def _text(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python turns into text by default
        sys.set_int_max_str_digits(0)
        return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… [cut from {len(text):,} characters]"


def _plain(value: Any, depth: int = 0) -> str | None:
    """The value as one scalar: see `core.sandbox.program.Execution.value`."""
    if value is None or depth > 20:
        return None
    home = type(value).__module__.partition(".")[0]
    if home == "numpy" and hasattr(value, "shape"):
        if value.shape == ():
            return _plain(value.item(), depth + 1)
        return _plain(value.flat[0], depth + 1) if value.size else None
    if home == "sympy":
        return _plain_sympy(value, depth)
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, _SEVERAL):
        several: Any = value
        return _plain(next(iter(several), None), depth + 1)
    return repr(value) if type(value) is float else _text(value)


def _plain_sympy(value: Any, depth: int) -> str | None:
    sympy = sys.modules["sympy"]
    if isinstance(value, (sympy.logic.boolalg.BooleanTrue, sympy.logic.boolalg.BooleanFalse)):
        return str(bool(value))
    if isinstance(value, (sympy.Tuple, sympy.FiniteSet)):
        return _plain(value.args[0], depth + 1) if value.args else None
    if isinstance(value, sympy.Dict):
        return _plain(dict(value), depth + 1)
    if isinstance(value, sympy.MatrixBase):
        return _plain(value[0], depth + 1) if len(value) else None
    if getattr(value, "is_Integer", False):
        return _text(int(value))
    if getattr(value, "is_number", False):
        try:
            return repr(float(value))
        except TypeError:  # complex, or what SymPy cannot work out
            return str(value)
    return str(value)


def _status(failure: BaseException) -> str:
    if isinstance(failure, MemoryError) or (isinstance(failure, OSError) and failure.errno == errno.ENOMEM):
        return "memory"
    causes = (failure, failure.__cause__, getattr(failure, "reason", None))  # urllib wraps what the socket said
    return "denied" if any(map(_is_refusal, causes)) else "error"


def _is_refusal(failure: Any) -> bool:
    """Whether the jail is the reason: a call that it refuses, a name that it cannot resolve, a file that it hides."""
    if isinstance(failure, RuntimeError):
        return str(failure) == "can't start new thread"
    if not isinstance(failure, OSError):
        return False
    if failure.errno == errno.ENOENT and isinstance(failure.filename, str):
        return not os.path.abspath(failure.filename).startswith(f"{SCRATCH}/")
    return failure.errno in _Refused or type(failure).__name__ == "gaierror"


def _describe(failure: BaseException) -> str:
    """Class, message and line, such as `ZeroDivisionError: division by zero (line 3)`."""
    try:
        name, message = type(failure).__name__, str(failure.msg if isinstance(failure, SyntaxError) else failure)
    except BaseException as second:
        name, message = type(failure).__name__, f"(its message failed with {type(second).__name__})"
    where = ""
    if isinstance(failure, SyntaxError) and isinstance(failure.lineno, int):
        where = _where(str(failure.filename), failure.lineno)
    trace = failure.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file in ("<prelude>", "<program>", "<expression>"):
            where = where if isinstance(failure, SyntaxError) and where else _where(file, trace.tb_lineno)
        trace = trace.tb_next
    said = f"{name}: {message[:500]}" if message else name
    return f"{said} ({where})" if where else said


def _where(file: str, line: int) -> str:
    return f"line {line}" if file == "<program>" else f"line {line} of the {file.strip('<>')}"


def _read(descriptor: int, length: int) -> bytes:
    """Exactly `length` bytes, or none at the end."""
    data = b""
    while len(data) < length:
        part = os.read(descriptor, length - len(data))
        if not part:
            return b""
        data += part
    return data


def _read_line(descriptor: int) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        data += os.read(descriptor, 1) or b"\n"
    return data


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
