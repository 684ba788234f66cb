"""CSV and TSV: a line a row, "header: value; …", so that a row can be read alone; blank cells are left out.

Delimiter (`,` `;` tab `|`) and header are found by how the first rows look, and noted where they are not the usual
ones. Rows with more or fewer cells than the header are kept and counted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice

from core.documents.extracted import Extracted, Refused
from core.documents.loading.rows import headers_of, looks_like_header, row_line
from core.documents.loading.source import Source
from core.documents.loading.text import open_text
from core.documents.loading.types.text import in_parts

TITLE = "a CSV file"
FIELD_CHARS = 64_000_000
"""Most characters of one cell; an unclosed quotation mark would swallow the rest of the file."""
SAMPLE_LINES = 200
SUSPICIOUS_LINES = 1000
"""A last cell with more lines than that is most likely an unclosed quotation mark."""
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document, or one a part."""
    stream = open_text(source.file, is_utf8=source.is_utf8)
    csv.field_size_limit(FIELD_CHARS)
    lines = stream.lines()
    sample = list(islice(lines, SAMPLE_LINES))
    delimiter = _delimiter(sample)
    rows = csv.reader((line + "\n" for line in chain(sample, lines)), delimiter=delimiter)
    table = _Table(source, rows, stream.notes)
    metadata: dict[str, object] = {"encoding": stream.encoding} if stream.encoding != "utf-8" else {}
    if delimiter != ",":
        metadata["delimiter"] = _DELIMITERS[delimiter]
    found = False
    for document in in_parts(source, "csv", table.chunks(), stream.notes, metadata=metadata):
        found = True
        yield document
    if not found:
        raise source.problem("holds no filled cell.")


class _Table:
    """Rows as lines, and what is to be said about them."""

    def __init__(self, source: Source, rows: Iterator[list[str]], notes: list[str]) -> None:
        self._source, self._rows, self._notes = source, rows, notes
        self._longer = self._shorter = 0
        self._first_ragged = 0
        self._broken = ""
        self._largest = ""

    def chunks(self) -> Iterator[str]:
        """Lines, many at a time; the notes are complete at the end."""
        rows = self._safe()
        first = next(rows, None)
        if first is None:
            return
        headers = headers_of(first[1])
        if looks_like_header(first[1]):
            doubled = len(first[1]) - len({cell.strip() for cell in first[1] if cell.strip()})
            if doubled:
                self._notes.append(f"Columns without a name, or with one that appears twice, were numbered: {doubled}.")
        else:
            headers = [f"column {number}" for number in range(1, len(first[1]) + 1)]
            self._notes.append("The first row does not name the columns; they were numbered.")
            rows = chain([first], rows)
        held: list[str] = []
        size = 0
        for number, (line, cells) in enumerate(rows, 1):
            if number % 5000 == 0:
                self._source.beat()
            self._count(line, cells, len(headers))
            if text := row_line(headers, cells):
                held.append(text + "\n")
                size += len(text)
            if size > 500_000:
                yield "".join(held)
                held, size = [], 0
        self._tell(len(headers))
        if held:
            yield "".join(held)

    def _safe(self) -> Iterator[tuple[int, list[str]]]:
        """Rows with the number of their line; a blank line is none. An error ends the table, and is told."""
        line = 0
        while True:
            before = line
            try:
                cells = next(self._rows)
            except StopIteration:
                if self._largest:
                    self._broken = self._largest
                return
            except csv.Error as error:
                self._broken = f"Line {line + 1:,} and what follows could not be read: {error}."
                return
            line = getattr(self._rows, "line_num", line + 1)
            self._largest = ""
            if line - before > SUSPICIOUS_LINES:
                self._largest = (
                    f"The last row, from line {before + 1:,}, spans {line - before:,} lines: "
                    f"a quotation mark in it may not be closed."
                )
            if cells and any(cell.strip() for cell in cells):
                yield before + 1, cells

    def _count(self, line: int, cells: list[str], columns: int) -> None:
        if len(cells) != columns:
            self._longer += len(cells) > columns
            self._shorter += len(cells) < columns
            self._first_ragged = self._first_ragged or line

    def _tell(self, columns: int) -> None:
        if self._longer or self._shorter:
            self._notes.append(
                f"Rows with other than {columns} cells: {self._longer:,} longer, {self._shorter:,} shorter, the "
                f"first in line {self._first_ragged:,}; they were kept."
            )
        if self._broken:
            self._notes.append(self._broken)


def _delimiter(lines: list[str]) -> str:
    """The one that cuts the header, and then the most rows alike into the most cells; a comma for one column."""
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader((line + "\n" for line in lines), delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        if usual < 2:
            continue
        score = widths.count(usual) / len(widths) + min(usual, 50) / 1000 + (widths[0] > 1)
        if score > best_score:
            best, best_score = delimiter, score
    return best
