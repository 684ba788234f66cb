"""`loupe exec`: a program through the sandbox, the same way that techniques and tools run theirs.

Knows nothing of engines; it reads a file and prints how it ended.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.output import complain, print_json, print_text
from core.errors import InvalidInput

if TYPE_CHECKING:
    from core.sandbox import Execution

MOST_BYTES = 1 << 20


def command(
    file: Annotated[str, typer.Argument(help="A Python file; - reads stdin.", show_default=False)],
    engine: Annotated[str, typer.Option(help="auto, monty or bubblewrap.")] = "auto",
    expression: Annotated[
        str | None, typer.Option(help="Evaluated after the program, such as ans or solution().")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds until it is killed.")] = 3.0,
    memory_mb: Annotated[int, typer.Option("--memory-mb", help="Memory it may use, in MB.")] = 512,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Run a Python program in the sandbox."""
    from core.sandbox import Limits, Program, run

    limits = Limits(wall_s=timeout, memory_bytes=memory_mb * 2**20)
    program = Program(_read(file), expression)
    ran = run(program, engine=engine, limits=limits)  # type: ignore[arg-type]
    if as_json:
        print_json(_document(ran))
        return 0  # a program that fails is a result
    if ran.stdout:
        print_text(ran.stdout, end="" if ran.stdout.endswith("\n") else "\n")
    if not ran.ok:
        complain(_one_line(f"{ran.status}: {ran.error}"))
        return 1
    if ran.result is not None:
        print_text(ran.result)
    return 0


def _one_line(text: str) -> str:
    """The program chose some of these words: no line breaks and nothing that a terminal obeys."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in " ".join(text.split()))


def _document(ran: Execution) -> dict[str, object]:
    names = ("engine", "status", "stdout", "result", "value", "error", "duration_s")
    return {name: getattr(ran, name) for name in names}


def _read(name: str) -> str:
    """The program's text.

    Raises:
        InvalidInput: it cannot be read, is no text, too large or empty.
    """
    shown = "stdin" if name == "-" else name
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        elif Path(name).is_dir():
            raise InvalidInput(f"{name} is a folder; name a Python file.", field="file")
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {name}.", field="file") from None
    except (OSError, ValueError) as error:  # no permission; a name with a zero character
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(f"{shown} cannot be read: {reason}.", field="file") from None
    if len(data) > MOST_BYTES:
        raise InvalidInput(f"{shown} is larger than {MOST_BYTES:,} bytes; a program is much smaller.", field="file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{shown} is not a text in UTF-8.", field="file") from None
    if "\0" in text:
        raise InvalidInput(f"{shown} is not a Python program: it holds zero bytes.", field="file")
    if not text.strip():
        raise InvalidInput(f"{shown} is empty; there is nothing to run.", field="file")
    return text
