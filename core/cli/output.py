"""What verbs print: one JSON document, a table, text that cannot take over the terminal.

Knows nothing of any verb.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def print_json(document: Any) -> None:
    """One strict JSON document (no NaN, no infinity, ASCII only, so that any terminal and any locale can take it)."""
    print(json.dumps(document, allow_nan=False, indent=2))


def print_text(text: str, *, end: str = "\n") -> None:
    """Text that a model wrote, at once.

    On a terminal, control characters are shown and not obeyed: escape sequences could rewrite the screen. Into a pipe
    the text goes as it is.
    """
    if sys.stdout.isatty():
        text = _shown(text)
    print(text, end=end, flush=True)


def _shown(text: str) -> str:
    """Control characters as they are written in a program."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def shown(text: str, length: int = 30) -> str:
    """`text` for one cell: cut when it is longer than `length` characters, what cannot be printed escaped."""
    text = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text[: length + 1]
    )
    return text if len(text) <= length else text[: length - 1] + "…"


def size(number: float | None) -> str:
    """Bytes in the unit a person reads, such as `94.1 MB`; "" when unknown."""
    if number is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def complain(sentence: str) -> None:
    """A line on stderr; it may quote what a model wrote, so a terminal gets it as `print_text` would give it."""
    if sys.stderr.isatty():
        sentence = _shown(sentence)
    print(sentence, file=sys.stderr, flush=True)
