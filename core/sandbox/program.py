"""What goes into the sandbox and what comes out: a program, its limits, an execution.

Plain data. Knows nothing of engines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput

Engine = Literal["auto", "monty", "bubblewrap"]
Status = Literal["ok", "error", "timeout", "memory", "denied"]

ENGINES: tuple[Engine, ...] = ("auto", "monty", "bubblewrap")
MAX_SOURCE = 1 << 20
"""Most characters of a program with its prelude and expression; what models write is a few thousand."""


@dataclass(frozen=True, slots=True)
class Program:
    """Python source that somebody else wrote.

    Attributes:
        code: the program.
        expression: evaluated afterwards in the same namespace, such as `ans`, `solution()` or `rounded(ans)`.
        prelude: runs before the program in the same namespace.
    """

    code: str
    expression: str | None = None
    prelude: str = ""

    def __post_init__(self) -> None:
        if len(self.code) + len(self.prelude) + len(self.expression or "") > MAX_SOURCE:
            raise InvalidInput(f"The program is longer than {MAX_SOURCE:,} characters; shorten it.", field="code")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    Attributes:
        wall_s: seconds until it is killed, counted by the clock on the wall.
        memory_bytes: address space (CPython) or heap (Monty).
        output_bytes: most it may print; a program that prints more is stopped.
    """

    wall_s: float = 3.0
    memory_bytes: int = 512 * 2**20
    output_bytes: int = 2**20

    def __post_init__(self) -> None:
        if not (math.isfinite(self.wall_s) and 0 < self.wall_s <= 600):
            raise InvalidInput(f"wall_s is {self.wall_s}; it must be above 0 and at most 600 seconds.", "wall_s")
        if not 2**20 <= self.memory_bytes <= 2**40:
            raise InvalidInput(f"memory_bytes is {self.memory_bytes}; it must be at least 1 MiB.", "memory_bytes")
        if not 1 <= self.output_bytes <= 2**28:
            raise InvalidInput(f"output_bytes is {self.output_bytes}; it must be 1 to 256 MiB.", "output_bytes")


@dataclass(frozen=True, slots=True)
class Execution:
    """How a program ended. Every text in it was written by the program or is about it: show it as text, never run it.

    Attributes:
        engine: `monty` or `bubblewrap`.
        status: `denied` is an error by which the sandbox refused something.
        stdout: what it printed, at most `output_bytes`; a last line in brackets says when it was cut.
        result: the value for a person: of the expression; without one of a last line that is an expression, else
            `solution()`, else a variable `ans`, `answer` or `result`.
        value: the same as a plain scalar for scoring: SymPy and NumPy numbers as Python numbers, a list, tuple, set or
            dict as its first value, `None` where there is none.
        error: class, message and line of what went wrong, short.
        duration_s: seconds from handing the program over to its end.
    """

    engine: str
    status: Status
    stdout: str
    result: str | None
    value: str | None
    error: str | None
    duration_s: float

    @property
    def ok(self) -> bool:
        """Whether it ran to its end."""
        return self.status == "ok"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Whether an engine passed its self-test on this machine; `why` is one sentence for a person when it is off."""

    name: str
    available: bool
    why: str | None
