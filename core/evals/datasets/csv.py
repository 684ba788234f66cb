"""CSV: a head line with the names of variables, then a row a line; `__expected` and the like as in promptfoo.

Read line by line. Commas; semicolons or tabs where the head line has no comma. A row with more or fewer cells than the
head line is broken, since nobody knows which of them belongs where.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import InvalidInput
from core.evals.datasets.found import MOST_ROW_BYTES, Found, broken, read_row, row
from core.evals.reading.context import Reading
from core.prompts.names import short

SUFFIXES = (".csv", ".tsv")
MOST_COLUMNS = 2000
MOST_CELL = 1024 * 1024
"""Characters of a cell: more is a quotation mark that nobody closed."""
_UNREADABLE = re.compile("[\ud800-\udfff\0]")


def read(path: Path, reading: Reading) -> Iterator[Found]:
    """The rows.

    Raises:
        InvalidInput: there is no usable head line, or a line without end.
    """
    for place, values in records(path, reading.name):
        if isinstance(values, str):
            yield broken(f"{reading.name}, {place}", values)
        else:
            yield row(values, reading, place, read_row)


def records(path: Path, name: str) -> Iterator[tuple[str, dict[str, str] | str]]:
    """Every row as cells by column, or a sentence on why it is broken, with its place: “line 7”.

    Args:
        path: the file.
        name: its name in a sentence.

    Raises:
        InvalidInput: there is no usable head line, or a line without end.
    """
    with path.open("rb") as stream:
        names, delimiter, lines = _head(_Lines(stream, name), name)
        cells = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            place = f"line {lines.number + 1}"
            try:
                found = next(cells, None)
            except csv.Error as error:
                yield place, f"It is no CSV: {_reason(error)}."
                continue
            if found is None:
                return
            if found and any(found):
                yield place, _values(found, names)


class _Lines:
    """Lines as text; what is no UTF-8 keeps its bytes as lone surrogates, so that the row can be named."""

    def __init__(self, stream: Iterator[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MOST_ROW_BYTES + 1)  # type: ignore[attr-defined]
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MOST_ROW_BYTES:
            raise InvalidInput(f"{self._name}: line {self.number} is longer than {MOST_ROW_BYTES >> 20} MiB.")
        text: str = line.decode("utf-8-sig" if self.number == 1 else "utf-8", "surrogateescape")
        return text


def _head(lines: _Lines, name: str) -> tuple[list[str], str, _Lines]:
    first = next(lines, "")
    delimiter = "," if "," in first else "\t" if "\t" in first else ";" if ";" in first else ","
    csv.field_size_limit(MOST_CELL)
    try:
        head = next(csv.reader(_chained(first, lines), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise InvalidInput(f"{name}: line 1 is no head line of a CSV file: {_reason(error)}.") from None
    names = [each.strip() for each in head]
    if not any(names):
        raise InvalidInput(f"{name} has no head line; a CSV file begins with the names of its columns.")
    if len(names) > MOST_COLUMNS:
        raise InvalidInput(f"{name} has {len(names):,} columns; at most {MOST_COLUMNS:,} are allowed.")
    for place, each in enumerate(names, 1):
        if not each:
            raise InvalidInput(f"{name}: column {place} has no name; write one in its first line.")
        if each in names[: place - 1]:
            raise InvalidInput(f"{name} has two columns {short(each)}; rename one.")
        if _UNREADABLE.search(each):
            raise InvalidInput(f"{name}: the name of column {place} is not UTF-8 text; save the file as UTF-8.")
    return names, delimiter, lines


def _chained(first: str, lines: _Lines) -> Iterator[str]:
    if first:
        yield first
        yield from lines


def _values(cells: list[str], names: list[str]) -> dict[str, str] | str:
    if len(cells) != len(names):
        has = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
        return f"It has {has} where the head line has {len(names)}; quote cells that hold the separator."
    if any(_UNREADABLE.search(cell) for cell in cells):
        return "It is not UTF-8 text; save the file as UTF-8."
    return dict(zip(names, cells, strict=True))


def _reason(error: csv.Error) -> str:
    said = str(error)
    if "field larger" in said:
        return f"a cell is longer than {MOST_CELL:,} characters, or a quotation mark is not closed"
    if "unexpected end of data" in said:
        return "a quotation mark is not closed"
    return said
