"""Outputs that are programs: many of them through the sandbox at once, their answers in the order of the rows.

Knows nothing of how a program is kept apart, nor of what its answer should be.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import InvalidInput
from core.evals.scorers.rows import Row

if TYPE_CHECKING:
    from core.sandbox import Execution

MEMORY_BYTES = 3 * 1024**3
"""What one program may use: published ones import NumPy and SymPy."""
OUTPUT_BYTES = 1024**2
TIMEOUT_S = 6.0
CHUNK_PROGRAMS, CHUNK_CHARACTERS = 4000, 64 * 1024**2
"""How many programs are read ahead, and how much of them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one program came to."""

    answer: str | None
    error: str | None
    """One sentence on why it has no answer."""
    engine: str | None
    """The engine of the sandbox; `None` when it never got there."""


def run_rows(rows: Iterable[Row], timeout_s: float = TIMEOUT_S) -> Generator[tuple[Row, list[Outcome]], None, None]:
    """Every row with what its programs came to, in the order of the rows.

    The sandbox warms up once for many programs, so rows are read ahead, but never all of a large file.

    Args:
        rows: outputs that are programs, with their `answer_name` and `prelude`.
        timeout_s: seconds that one program may run.

    Raises:
        Unsupported: programs cannot be run on this machine; one sentence why.
    """
    rows = iter(rows)
    while chunk := _chunk(rows):
        yield from _run_chunk(chunk, timeout_s)


def run(text: str, timeout_s: float = TIMEOUT_S) -> Outcome:
    """One program without an expression: see `core.sandbox.program.Execution.value`, else its last printed line."""
    [(_, [outcome])] = run_rows([Row(id=0, outputs=(text,), voted=False, targets=("",))], timeout_s)
    return outcome


def _chunk(rows: Iterator[Row]) -> list[Row]:
    chunk: list[Row] = []
    programs = characters = 0
    while programs < CHUNK_PROGRAMS and characters < CHUNK_CHARACTERS and (row := next(rows, None)) is not None:
        chunk.append(row)
        programs += len(row.outputs)
        characters += sum(map(len, row.outputs)) + len(row.prelude)
    return chunk


def _run_chunk(rows: list[Row], timeout_s: float) -> Generator[tuple[Row, list[Outcome]], None, None]:
    from core.sandbox import Limits, Program, run_many

    outcomes: list[dict[str, Outcome]] = [{} for _ in rows]
    programs: list[Program] = []
    asked: list[tuple[int, str]] = []
    for place, row in enumerate(rows):
        # Samples often repeat a program, and the same program has the same answer.
        for output in dict.fromkeys(row.outputs):
            try:
                code = _unwrapped(output)
                programs.append(Program(code, expression=row.answer_name, prelude=row.prelude))
                asked.append((place, output))
            except InvalidInput as error:
                outcomes[place][output] = Outcome(None, str(error), None)
    limits = Limits(wall_s=timeout_s, memory_bytes=MEMORY_BYTES, output_bytes=OUTPUT_BYTES)
    executions = run_many(programs, limits=limits) if programs else iter(())
    for row, found in zip(rows, outcomes, strict=True):
        # Programs end in any order; a row is passed on when it and all before it are complete.
        while len(found) < len(set(row.outputs)):
            number, execution = next(executions)
            place, output = asked[number]
            outcomes[place][output] = _outcome(execution, rows[place])
        yield row, [found[output] for output in row.outputs]


def _unwrapped(output: str) -> str:
    """The program itself where a chat model put it into a code fence; anything that is Python already stays."""
    from core.sandbox.parsing import parse
    from core.sandbox.source import program_in

    return program_in(output) if "```" in output and parse(output) is None else output


def _outcome(execution: Execution, row: Row) -> Outcome:
    answer = execution.value
    if execution.ok and answer is None and row.answer_name is None:
        answer = next((line for line in reversed(execution.stdout.splitlines()) if line.strip()), None)
    error = execution.error or "It ended without an answer." if not answer else None
    return Outcome(answer, error, execution.engine)
