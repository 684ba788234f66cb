"""JSON Lines: a test or a row of variables on every line, read line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.evals.datasets.found import MOST_ROW_BYTES, Found, broken, row
from core.evals.reading.context import Reading

SUFFIXES = (".jsonl", ".ndjson")
MOST_DEPTH = 60
HALF = re.compile("[\ud800-\udfff]")
"""Half a character: a lone surrogate."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read(path: Path, reading: Reading) -> Iterator[Found]:
    """The rows; blank lines are skipped.

    Raises:
        InvalidInput: a line has no end.
    """
    for place, values in records(path, reading.name):
        if isinstance(values, str):
            yield broken(f"{reading.name}, {place}", values)
        else:
            yield row(values, reading, place)


def records(path: Path, name: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """The object on every line, or a sentence on why there is none, with its place: “line 7”; blank lines are skipped.

    Args:
        path: the file.
        name: its name in a sentence.

    Raises:
        InvalidInput: a line has no end.
    """
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(MOST_ROW_BYTES + 1):
            number += 1
            if len(line) > MOST_ROW_BYTES:
                raise InvalidInput(f"{name}: line {number} is longer than {MOST_ROW_BYTES >> 20} MiB.")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield f"line {number}", _object(line)


def _object(line: bytes) -> dict[str, Any] | str:
    try:
        values = parsed(line.decode())
    except UnicodeDecodeError:
        return "It is not UTF-8 text; save the file as UTF-8."
    except InvalidInput as error:
        return f"It is {error}."
    return values if isinstance(values, dict) else "It holds no object {…}, one of which belongs on every line."


def parsed(text: str) -> Any:
    """JSON as plain data.

    Raises:
        InvalidInput: it is none; the rest of a sentence.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise InvalidInput("nested too deeply") from None
    except ValueError:  # a number of thousands of digits
        raise InvalidInput("not allowed: it holds a number that is too long") from None
    if _SURROGATE.search(text) or text.count("[") + text.count("{") > MOST_DEPTH:  # else nothing can be wrong with it
        check(value)
    return value


def check(value: Any) -> None:
    """Refuse data that cannot go on: nested without end, or with half a character.

    Raises:
        InvalidInput: the rest of a sentence.
    """
    parts: list[tuple[Any, int]] = [(value, 0)]
    while parts:
        part, depth = parts.pop()
        if depth > MOST_DEPTH:
            raise InvalidInput("nested too deeply")
        if isinstance(part, str) and HALF.search(part):
            raise InvalidInput("not allowed: it holds half a character (a lone surrogate)")
        if isinstance(part, dict):
            parts += [(each, depth + 1) for pair in part.items() for each in pair]
        elif isinstance(part, list):
            parts += [(each, depth + 1) for each in part]


def _refuse(constant: str) -> None:
    raise InvalidInput(f"not JSON: {constant} is no number there")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
