"""Rows of outputs to score: JSON Lines, one object a line, checked one by one.

    {"id": "7", "output": "… The answer is 4.", "target": "4"}

`output` may be a list of samples, `target` a list of right answers; programs also have `answer_name` and `prelude`.
Further fields are left alone. A wrong row is an error in a sentence that names its line. Knows nothing of files, rules
and metrics.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """One question's outputs."""

    id: str | int | float
    outputs: tuple[str, ...]
    voted: bool
    """Whether `output` was a list: then the answers vote, even if there is only one."""
    targets: tuple[str, ...]
    answer_name: str | None = None
    """The Python expression that gives the answer once the program has run."""
    prelude: str = ""
    """Code to run before the program, in the same namespace."""


class _Number(str):
    """A JSON number as it is written: `18.0` stays 18.0, and one of ten thousand digits costs nothing."""


def read_rows(lines: Iterable[bytes], name: str) -> Iterator[Row]:
    """The rows of a file, one at a time.

    Args:
        lines: the lines of the file; blank ones are skipped, a byte order mark at the beginning is fine.
        name: what the file is called in messages.

    Raises:
        InvalidInput: a line is no row, an id occurs twice, or there is no row at all; one sentence.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line = line.removeprefix(_MARK)
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        row = _row(_parsed(line, where), where)
        key = json.dumps(row.id)
        if key in seen:
            raise InvalidInput(
                f"{where}: the id {_shown(row.id)} is that of line {seen[key]} already; write several samples of one "
                'question as one row whose "output" is a list.'
            )
        seen[key] = number
        yield row
    if not seen:
        raise InvalidInput(f'{name} holds no rows; a row is a line {{"id": …, "output": …, "target": …}}.')


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise InvalidInput(f"{where} is not UTF-8 text; save the file as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{where} is not JSON: {error.msg} at character {error.colno}.") from None
    except RecursionError:
        raise InvalidInput(f"{where} is nested too deeply.") from None
    except _NoNumber as error:
        raise InvalidInput(f"{where} holds {error}, which is not a JSON value; write null or leave it out.") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} holds {_kind(value)} where an object {{…}} belongs, one on every line.")
    return value


class _NoNumber(Exception):
    """`NaN` or `Infinity`, which Python's JSON would read."""


def _no_constant(name: str) -> None:
    raise _NoNumber(name)


def _row(fields: dict[str, Any], where: str) -> Row:
    for name in ("id", "output", "target"):
        if name not in fields:
            raise InvalidInput(f'{where} has no "{name}"; a row needs id, output and target.')
    output = fields["output"]
    return Row(
        id=_id(fields["id"], where),
        outputs=_texts(output, "output", where),
        voted=isinstance(output, list),
        targets=_texts(fields["target"], "target", where, numbers=True),
        answer_name=_optional(fields, "answer_name", where),
        prelude=_optional(fields, "prelude", where) or "",
    )


def _id(value: Any, where: str) -> str | int | float:
    if isinstance(value, _Number):
        if value.lstrip("-").isdigit():
            return int(value) if len(value) <= 1000 else str(value)
        number = float(value)
        return number if abs(number) != float("inf") else str(value)
    if isinstance(value, str):
        return value
    raise InvalidInput(f'{where}: "id" is {_kind(value)}; it must be a text or a number.')


def _texts(value: Any, name: str, where: str, *, numbers: bool = False) -> tuple[str, ...]:
    """One text, or a list of them; `numbers` lets numbers stand for their text."""
    parts = value if isinstance(value, list) else [value]
    if not parts:
        raise InvalidInput(f'{where}: "{name}" is an empty list; it needs at least one text.')
    for part in parts:
        if not isinstance(part, str) or (isinstance(part, _Number) and not numbers):
            wanted = "a text, a number or a list of them" if numbers else "a text or a list of texts"
            inside = " in a list" if isinstance(value, list) else ""
            raise InvalidInput(f'{where}: "{name}" is {_kind(part)}{inside}; it must be {wanted}.')
    return tuple(str(part) for part in parts)


def _optional(fields: dict[str, Any], name: str, where: str) -> str | None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, str) or isinstance(value, _Number)):
        raise InvalidInput(f'{where}: "{name}" is {_kind(value)}; it must be a text.')
    return value


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, _Number):
        return f"the number {_shown(value)}"
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "a text"


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, _Number) else repr(value)
    return ascii(text)[1:-1] if not text.isprintable() else text if len(text) <= 60 else text[:57] + "…"
