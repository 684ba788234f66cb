"""A row of a table or a record as one line that can be read alone: "header: value; header: value".

So a chunk that holds the middle of a table still says what its numbers are. Knows nothing of file types.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.documents.loading.text import clean

SCALARS = (str, int, float, bool)


def headers_of(cells: Sequence[str]) -> list[str]:
    """Names of columns that differ: a blank one becomes "column 3", a second "x" becomes "x (2)"."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(cells, 1):
        name = one_line(cell) or f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def row_line(headers: Sequence[str], cells: Sequence[str]) -> str:
    """The row, blank cells left out; a cell beyond the headers is called by its column's number."""
    parts = []
    for index, cell in enumerate(cells):
        if value := one_line(cell):
            name = headers[index] if index < len(headers) else f"column {index + 1}"
            parts.append(f"{name}: {value}")
    return "; ".join(parts)


def table_lines(rows: Sequence[Sequence[str]], *, header: bool) -> list[str]:
    """A table within a document, a line a row.

    Args:
        rows: its cells.
        header: whether the first row names the columns; it is taken at its word if every cell has a name of its own.
    """
    if header and len(rows) > 1:
        names = [one_line(cell) for cell in rows[0]]
        if len(names) > 1 and all(names) and len(set(names)) == len(names) and max(map(len, names)) <= 80:
            return [line for row in rows[1:] if (line := row_line(names, row))]
    return [line for row in rows if (line := " | ".join(text for cell in row if (text := one_line(cell))))]


def one_line(text: str) -> str:
    """Clean text without line ends and doubled blanks."""
    return " ".join(clean(text).split())


def looks_like_header(cells: Sequence[str]) -> bool:
    """Whether the first row of a table names its columns: most cells have text, none is a number."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) * 2 > len(cells) and not any(is_number(cell) for cell in filled)


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with the signs people put around one."""
    plain = cell.strip().strip("%€$£+-() ").replace(",", "").replace(".", "").replace(" ", "")
    return plain.isdigit()


def scalar(value: Any) -> str:
    """A JSON scalar as a person writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value))


def is_flat(value: Any) -> bool:
    """Whether a JSON value fits on one line: a scalar, or a list of scalars."""
    if isinstance(value, list):
        return all(one is None or isinstance(one, SCALARS) for one in value)
    return value is None or isinstance(value, SCALARS)


def inline(value: Any) -> str:
    """A flat value on one line."""
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := scalar(one)))
    return scalar(value)


def record_line(record: Any) -> str:
    """Any JSON value on one line: "a: 1; b.c: 2; list: x, y"."""
    if is_flat(record):
        return inline(record)
    return "; ".join(f"{path}: {text}" if path else text for path, text in paths(record))


def paths(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Every flat value below, with the path that leads to it; without recursion, however deep it is."""
    stack: list[tuple[str, Any]] = [(path, value)]
    while stack:
        path, value = stack.pop()
        if is_flat(value):
            if text := inline(value):
                yield path, text
        elif isinstance(value, list):
            stack.extend((f"{path}[{index}]", one) for index, one in reversed(list(enumerate(value))))
        else:
            items = [(one_line(str(name)), one) for name, one in value.items()]
            stack.extend((f"{path}.{name}" if path else name, one) for name, one in reversed(items))
