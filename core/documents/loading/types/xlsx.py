"""Workbooks by openpyxl: a page a sheet, a line a row, "header: value; …", blank cells left out.

The first row with two or more filled cells names the columns if none of them is a number, else letters do. Formulas
give the result that was stored with them; those without one are counted in the notes.
"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading.rows import headers_of, looks_like_header, one_line, row_line
from core.documents.loading.source import Builder, Source
from core.documents.loading.zipped import opened_document

TITLE = "a workbook"
HEADER_WITHIN = 20
"""Rows from the top among which the header is looked for; what stands above it is kept as lines."""


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document with its sheets as pages."""
    import openpyxl

    with opened_document(source) as archive:
        formulas = any(_has_formulas(archive.open(name)) for name in archive.namelist() if "/worksheets/" in name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and extensions that it does not know
        source.file.seek(0)
        book = openpyxl.load_workbook(source.file, read_only=True, data_only=True, keep_links=False)
        twin = (
            openpyxl.load_workbook(source.file, read_only=True, data_only=False, keep_links=False) if formulas else None
        )
        builder = Builder(source)
        empty: list[str] = []
        for number, sheet in enumerate(book.worksheets, 1):
            name = one_line(sheet.title)
            sheet.reset_dimensions()  # what a file says of them may be wrong, or made to fill memory
            formula_rows = None
            if twin is not None:
                twin.worksheets[number - 1].reset_dimensions()
                formula_rows = twin.worksheets[number - 1].iter_rows(values_only=True)
            unknown, lines = 0, _Lines()
            for index, (cells, written) in enumerate(
                zip_longest(sheet.iter_rows(values_only=True), formula_rows or (), fillvalue=())
            ):
                if index % 2000 == 0:
                    source.beat()
                unknown += sum(
                    value is None and isinstance(text, str) and text.startswith("=")
                    for value, text in zip_longest(cells, written)
                )
                lines.add([_shown(cell) for cell in cells])
            rows = lines.done()
            if not builder.add("\n".join([f"# {name}", "", *rows]) if rows else "", number=number, label=name):
                empty.append(name)
            if unknown:
                builder.note(
                    f"Sheet {name}: formulas without a stored result were left out ({unknown:,}); "
                    f"open and save the file in a spreadsheet program."
                )
            if sheet.sheet_state != "visible":
                builder.note(f"Sheet {name} is hidden and was read.")
        if empty:
            builder.note(f"Sheets without a filled cell: {', '.join(empty[:20])}.")
        properties = book.properties
        metadata: dict[str, object] = {
            "title": properties.title,
            "author": properties.creator if properties.creator != "openpyxl" else "",
            "created": properties.created,
            "sheets": len(book.worksheets),
        }
        yield builder.finish("xlsx", title=properties.title or "", metadata=metadata, nothing="holds no filled cell.")


class _Lines:
    """Rows of one sheet as lines."""

    def __init__(self) -> None:
        self._waiting: list[list[str]] = []
        self._headers: list[str] | None = None
        self._named = False
        self._lines: list[str] = []

    def add(self, cells: list[str]) -> None:
        """The next row, top to bottom."""
        filled = sum(1 for cell in cells if cell)
        if not filled:
            return
        if self._headers is None:
            self._waiting.append(cells)
            if filled >= 2 or len(self._waiting) >= HEADER_WITHIN:
                self._decide()
            return
        self._append(cells, filled)

    def _append(self, cells: list[str], filled: int) -> None:
        """A row; a lone cell stands alone as long as there were no columns."""
        headers = self._headers if self._headers is not None else []
        if filled == 1 and not headers:
            self._lines.append("".join(cells))
            return
        while len(headers) < len(cells):  # a row wider than all before
            headers.append(f"column {_letters(len(headers) + 1)}")
        self._lines.append(row_line(headers, cells))

    def done(self) -> list[str]:
        """All lines."""
        if self._headers is None and self._waiting:
            self._decide()
        return self._lines

    def _decide(self) -> None:
        """The last waiting row is the header, or the first row of a table without one."""
        *above, last = self._waiting
        self._waiting = []
        self._lines += [" ".join(cell for cell in cells if cell) for cells in above]
        filled = [cell for cell in last if cell]
        self._named = len(filled) >= 2 and looks_like_header(filled)
        self._headers = headers_of(last) if self._named else []
        if not self._named:
            self._append(last, len(filled))


def _letters(number: int) -> str:
    """A column's name in a spreadsheet: 1 is A, 27 is AA."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def _shown(value: Any) -> str:
    """A cell as text: dates in ISO form, whole numbers without a fraction."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    return one_line(str(value))


def _has_formulas(file: Any) -> bool:
    """Whether a sheet's XML has any; a stretch at a time."""
    with file:
        before = b""
        while block := file.read(1024 * 1024):
            if b"<f" in before + block:
                return True
            before = block[-2:]
    return False
