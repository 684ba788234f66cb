"""A training file as rows: JSON Lines, JSON, CSV, Parquet or text; its format is seen from its columns.

Knows nothing of tokens or models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.prompts.names import short
from core.tuning.data import formats
from core.tuning.data.formats import Format, found_columns
from core.tuning.data.records import digest, records
from core.tuning.data.rows import Example, Rows

FORMATS: dict[str, str] = {name: each.ABOUT for name, each in formats.FORMATS.items()}
"""By name: what a row of it holds, in words for a person."""
MOST_PROBLEMS = 100
"""Sentences about rows left out that are kept to be shown."""


def detect(path: Path, columns: Mapping[str, str] = {}) -> tuple[str, dict[str, str]]:
    """The format of a file and which column is read as what, from its first row.

    Raises:
        InvalidInput: no format has these columns, and the sentence names those there are; or there is no row.
        NotFound: there is no such file.
    """
    for _, values in records(path):
        if isinstance(values, dict):
            format, roles = _seen(path, values, None, columns)
            return format.NAME, roles
    raise InvalidInput(f"{short(path.name)} holds no rows; training needs at least two.", "data")


def read_rows(
    path: Path,
    *,
    format: str | None = None,
    columns: Mapping[str, str] = {},
    limit: int = 1_000_000,
    skip_broken: bool = False,
) -> Rows:
    """Every row of a file.

    Args:
        path: a `.jsonl`, `.json`, `.csv`, `.tsv`, `.parquet` or `.txt` file.
        format: one of `FORMATS`; `None`: seen from the columns of the first row.
        columns: which column to read as what, `{"prompt": "Frage", "answer": "Antwort"}`; the others are found by
            their usual names.
        limit: rows after which the file is refused.
        skip_broken: leave out rows that cannot be used and say so in `problems`, instead of stopping at the first.

    Raises:
        InvalidInput: no rows, too many, a wrong row (file, row number and field are named), not UTF-8, no known format.
        NotFound: there is no such file.
    """
    if format is not None and format not in FORMATS:
        raise InvalidInput(f"{short(format)} is no format of training data; known are {', '.join(FORMATS)}.", "format")
    reading = _Reading(path, format, columns)
    examples: list[Example] = []
    problems: list[str] = []
    left_out = 0
    for number, where, found in reading.rows():
        if number > limit:
            raise InvalidInput(f"{short(path.name)} has more than {limit:,} rows; use a part of it.", "data")
        if isinstance(found, Example):
            examples.append(found)
            continue
        sentence = f"{path.name}, row {number}{where}: {found}"
        if not skip_broken:
            raise InvalidInput(f"{sentence.rstrip('.')}; correct it, or leave broken rows out.", "data")
        left_out += 1
        problems += [sentence] if len(problems) < MOST_PROBLEMS else []
    if not examples:
        why = f"; none of its {left_out:,} can be used. {problems[0]}" if problems else "."
        raise InvalidInput(f"{short(path.name)} holds no rows{why}", "data")
    return Rows(
        format=reading.format.NAME if reading.format else "",
        examples=tuple(examples),
        labels=tuple(sorted({each.label for each in examples if each.label is not None})),
        problems=tuple(problems),
        digest=digest(path),
        left_out=left_out,
        columns=tuple(reading.roles.items()),
    )


def first_rows(path: Path, *, format: str | None = None, columns: Mapping[str, str] = {}, count: int = 5) -> Rows:
    """The first rows of a file, to be shown; wrong ones among them are in `problems`, and nothing is read beyond them.

    Raises:
        InvalidInput: there is no row, or no known format.
        NotFound: there is no such file.
    """
    if format is not None and format not in FORMATS:
        raise InvalidInput(f"{short(format)} is no format of training data; known are {', '.join(FORMATS)}.", "format")
    reading = _Reading(path, format, columns)
    found = list(islice(reading.rows(), count))
    if not found:
        raise InvalidInput(f"{short(path.name)} holds no rows; training needs at least two.", "data")
    wrong = tuple(f"{path.name}, row {number}{where}: {each}" for number, where, each in found if isinstance(each, str))
    return Rows(
        format=reading.format.NAME if reading.format else "",
        examples=tuple(each for _, _, each in found if isinstance(each, Example)),
        problems=wrong,
        left_out=len(wrong),
        columns=tuple(reading.roles.items()),
    )


def column_names(path: Path) -> tuple[str, ...]:
    """Names of the columns of a file: those of its first whole row; none where no row is whole.

    Raises:
        InvalidInput: it cannot be read.
        NotFound: there is no such file.
    """
    return next((tuple(values) for _, values in records(path) if isinstance(values, dict)), ())


class _Reading:
    """One file while it is read; the first row that is whole says what the columns are."""

    def __init__(self, path: Path, format: str | None, columns: Mapping[str, str]) -> None:
        self._path = path
        self._asked = format
        self._columns = columns
        self.format: Format | None = None
        self.roles: dict[str, str] = {}

    def rows(self) -> Iterator[tuple[int, str, Example | str]]:
        """Number, where it stands unless that is the same, and the example or what is wrong."""
        for number, (place, values) in enumerate(records(self._path), 1):
            where = "" if place.split()[-1] == str(number) else f" ({place})"
            yield number, where, values if isinstance(values, str) else self._example(number, values)

    def _example(self, number: int, values: dict[str, Any]) -> Example | str:
        if self.format is None:
            self.format, self.roles = _seen(self._path, values, self._asked, self._columns)
        try:
            return self.format.read(number, values, self.roles)
        except InvalidInput as error:
            strange = not any(self.roles[role] in values for role in self.format.NEEDED)
            other = _matching(values, {}) if strange else None
            if other:
                return f"It is of the format {other[0].NAME} where the rows before it are {self.format.NAME}."
            said = str(error)
            return said[:1].upper() + said[1:]


def _seen(
    path: Path, values: dict[str, Any], asked: str | None, columns: Mapping[str, str]
) -> tuple[Format, dict[str, str]]:
    names = ", ".join(short(each) for each in list(values)[:12]) or "none"
    for column in columns.values():
        if column not in values:
            raise InvalidInput(f"{short(path.name)} has no column {short(column)}; its columns are {names}.", "columns")
    if asked is None:
        found = _matching(values, columns)
        if found is None:
            raise InvalidInput(
                f"{short(path.name)} has the columns {names}, which are those of no known format; name them prompt and "
                f"completion, messages, instruction and output, conversations, text and label, or text, or say which "
                f"column is what.",
                "columns",
            )
        return found
    format = formats.FORMATS[asked]
    roles = found_columns(format, values, columns)
    if roles is None:
        if strange := columns.keys() - format.ROLES.keys():
            raise InvalidInput(
                f"The format {asked} has no {', '.join(sorted(strange))}; its columns are {', '.join(format.ROLES)}.",
                "columns",
            )
        needed = " and ".join(
            f"{role} (or {', '.join(format.ROLES[role][1:5])})" if format.ROLES[role][1:] else role
            for role in format.NEEDED
        )
        raise InvalidInput(
            f"{short(path.name)} has the columns {names}; the format {asked} needs {needed}; say which column is what.",
            "columns",
        )
    return format, roles


def _matching(values: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[Format, dict[str, str]] | None:
    for format in formats.FORMATS.values():
        if (roles := found_columns(format, values, columns)) is not None:
            return format, roles
    return None
