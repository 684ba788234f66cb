"""Which engines are on, which one runs a program, and how many run at once.

There is no path from here to an interpreter without a sandbox: an engine that is off raises.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace

from core.errors import InvalidInput, Unsupported
from core.sandbox import selftest
from core.sandbox.engines import bubblewrap, monty
from core.sandbox.engines.outcome import cancelled, failed
from core.sandbox.needs import lacks
from core.sandbox.parsing import GLANCE
from core.sandbox.program import ENGINES, Engine, EngineStatus, Execution, Limits, Program
from core.sandbox.slots import Slots

_LACKING = ("NotImplementedError", "ModuleNotFoundError", "ImportError")
_tested: tuple[EngineStatus, ...] | None = None
_testing = threading.Lock()
_slots = Slots()


def status() -> tuple[EngineStatus, ...]:
    """Monty, then bubblewrap: whether each passed its self-test, which runs once, at first use."""
    global _tested
    with _testing:
        if _tested is None:
            full = selftest.full()
            _tested = (selftest.small(jailed=full.available), full)
        return _tested


def forget() -> None:
    """Let the next use run the self-tests again, after something on the machine has changed."""
    global _tested
    with _testing:
        _tested = None
        monty.close()
        bubblewrap.close()


def run(
    program: Program | str,
    *,
    engine: Engine = "auto",
    limits: Limits | None = None,
    user: str = "",
    cancel: threading.Event | None = None,
) -> Execution:
    """Run one program; returns however it ends.

    Args:
        program: the program, or just its code.
        engine: `auto` takes Monty, and full Python when the program needs what Monty lacks.
        limits: by default 3 s, 512 MB, 1 MB of output.
        user: whose it is; a user has at most two running, further ones wait their turn.
        cancel: set it to stop waiting, or to kill the program.

    Raises:
        Unsupported: no engine that is on can run it; one sentence why.
        Busy: too many programs wait already.
    """
    program = Program(program) if isinstance(program, str) else program
    limits = limits or Limits()
    _check(engine)
    with _slots.take(user, cancel) as mine:
        if not mine:
            return cancelled(engine if engine != "auto" else monty.NAME)
        return _run(program, engine, limits, cancel)


def _run(program: Program, engine: Engine, limits: Limits, cancel: threading.Event | None) -> Execution:
    small, full = status()
    if engine == "monty":
        _demand(small)
        return monty.run(program, limits, cancel)
    lacking = lacks(program)
    doubtful = lacking is not None or len(program.code) > GLANCE
    if engine == "bubblewrap" or (doubtful and full.available) or not small.available:
        _demand(full)
        return bubblewrap.run(program, limits, cancel)
    if lacking is not None:
        raise Unsupported(f"The program needs {lacking}, which Monty lacks. {full.why}")
    first = monty.run(program, limits, cancel)
    if first.status not in ("error", "denied") or (cancel is not None and cancel.is_set()):
        return first
    if not full.available:
        if first.error is not None and first.error.startswith(_LACKING):
            raise Unsupported(f"The program needs what Monty lacks ({first.error}). {full.why}")
        return first
    # Whatever went wrong, Monty may be the reason: full Python has the last word, in what is left of the time.
    left = replace(limits, wall_s=max(limits.wall_s - first.duration_s, min(limits.wall_s, 0.5)))
    second = bubblewrap.run(program, left, cancel)
    return first if first.status == "denied" and not second.ok else second


def run_many(
    programs: Sequence[Program],
    *,
    engine: Engine = "auto",
    limits: Limits | None = None,
    workers: int | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[tuple[int, Execution]]:
    """Run many programs of one owner, such as all answers of an evaluation; yields (index, execution) as they finish.

    Full Python where it is on: a few warm jails that last for this batch, every program in a process of its own.
    Otherwise Monty, and a program that it cannot run comes back as an error that says so.

    Args:
        programs: what to run.
        engine: `auto`, or the one to use.
        limits: per program.
        workers: jails side by side; by default one a core, at most four.
        cancel: set it to stop; programs that have not run are not yielded.

    Raises:
        Unsupported: no engine that is on can be used.
    """
    limits = limits or Limits()
    _check(engine)
    small, full = status()
    use = full if engine == "bubblewrap" or (engine == "auto" and full.available) else small
    _demand(use)
    count = max(1, min(workers or min(os.cpu_count() or 1, 4), len(programs)))
    return _batch(programs, use is full, limits, count, cancel)


def _batch(
    programs: Sequence[Program], in_full: bool, limits: Limits, count: int, cancel: threading.Event | None
) -> Iterator[tuple[int, Execution]]:
    stop = _Either(cancel)
    numbers = iter(range(len(programs)))
    lock = threading.Lock()
    ready: list[tuple[int, Execution]] = []
    there = threading.Condition()

    def work() -> None:
        batch = bubblewrap.Batch() if in_full else None
        try:
            while not stop.is_set():
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                if batch is not None:
                    done = batch.run(programs[number], limits, stop)
                else:
                    done = _in_monty(programs[number], limits, stop)
                with there:
                    ready.append((number, done))
                    there.notify()
        finally:
            if batch is not None:
                batch.close()

    pool = ThreadPoolExecutor(count, "sandbox-batch")
    futures = {pool.submit(work) for _ in range(count)}
    try:
        while futures:
            with there:
                there.wait_for(lambda: ready, 0.05)
                finished, ready[:] = list(ready), []
            yield from finished
            done, futures = wait(futures, 0, FIRST_COMPLETED)
            for future in done:
                future.result()
        yield from ready
    finally:
        stop.set()
        pool.shutdown(wait=True)


class _Either(threading.Event):
    """Set when it is set itself, because nobody takes the results any more, or when `other` is."""

    def __init__(self, other: threading.Event | None) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or (self._other is not None and self._other.is_set())


def _in_monty(program: Program, limits: Limits, cancel: threading.Event) -> Execution:
    if (lacking := lacks(program)) is not None:
        return failed(monty.NAME, f"The program needs {lacking}, which Monty lacks, and full Python is off.")
    try:
        return monty.run(program, limits, cancel)
    except Unsupported as failure:
        return failed(monty.NAME, str(failure))


def _check(engine: str) -> None:
    if engine not in ENGINES:
        raise InvalidInput(f"There is no engine “{engine}”; choose {', '.join(ENGINES)}.", field="engine")


def _demand(engine: EngineStatus) -> None:
    if not engine.available:
        raise Unsupported(engine.why or f"The engine {engine.name} is off.")
