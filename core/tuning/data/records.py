"""Training files as plain records: JSON Lines, JSON, CSV, Parquet and text, one after another.

Only JSON is read whole, and bounded. Knows nothing of what the columns mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from core.errors import InvalidInput, NotFound
from core.evals.datasets import csv, jsonl, parquet
from core.evals.datasets.found import MOST_ROW_BYTES
from core.prompts import files
from core.prompts.names import short

MOST_JSON_BYTES = 256 * 1024 * 1024

Record: TypeAlias = tuple[str, "dict[str, Any] | str"]
"""Where it stands (“line 7”), and the values by column, or a sentence on why there are none."""


def records(path: Path) -> Iterator[Record]:
    """Every record of a file.

    Raises:
        InvalidInput: its name has another ending, or it cannot be read as what its name says.
        NotFound: it is not there.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise InvalidInput(
            f"{short(path.name)} is no training file; its name must end with {', '.join(READERS)}.", "data"
        )
    with _Refusals(path):
        yield from read(path, path.name)


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal.

    Raises:
        NotFound: it is not there.
        InvalidInput: it cannot be read.
    """
    with _Refusals(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _Refusals:
    """Whatever the file system refuses, as one sentence that names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        if not self._path.exists():
            raise NotFound(f"There is no training file {short(self._path.name)} in {self._path.parent}.")
        if not self._path.is_file():
            raise InvalidInput(f"{short(self._path.name)} is no plain file; choose a file of rows.", "data")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise InvalidInput(f"{short(self._path.name)} cannot be read: {reason}.", "data") from None


def _json(path: Path, name: str) -> Iterator[Record]:
    try:
        data = jsonl.parsed(files.read(path, "training file", name, MOST_JSON_BYTES).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidInput(f"{name} is not UTF-8 text; save the file as UTF-8.", "data") from None
    except InvalidInput as error:
        raise InvalidInput(f"{name} is {error}." if error.field is None else str(error), "data") from None
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        data = lists[0] if len(lists) == 1 else data
    if not isinstance(data, list):
        raise InvalidInput(f"{name} holds no list of rows: a training file in JSON is [{{…}}, {{…}}].", "data")
    for number, values in enumerate(data, 1):
        yield f"row {number}", values if isinstance(values, dict) else "It is no object {…}."


def _text(path: Path, name: str) -> Iterator[Record]:
    """Paragraphs: what stands between blank lines."""
    with path.open("rb") as stream:
        lines: list[str] = []
        number = began = size = 0
        broken = ""
        while line := stream.readline(MOST_ROW_BYTES + 1):
            number += 1
            size += len(line)
            if size > MOST_ROW_BYTES:
                raise InvalidInput(f"{name}: the paragraph at line {number} is longer than {MOST_ROW_BYTES >> 20} MiB.")
            if line.strip():
                began = began or number
                try:
                    lines.append(line.decode("utf-8-sig" if number == 1 else "utf-8"))
                except UnicodeDecodeError:
                    broken = "It is not UTF-8 text; save the file as UTF-8."
                continue
            if began:
                yield f"line {began}", broken or {"text": "".join(lines).rstrip("\r\n")}
            lines, began, size, broken = [], 0, 0, ""
        if began:
            yield f"line {began}", broken or {"text": "".join(lines).rstrip("\r\n")}


Reader: TypeAlias = Callable[[Path, str], Iterator[Record]]
READERS: dict[str, Reader] = {
    **dict.fromkeys(jsonl.SUFFIXES, jsonl.records),
    ".json": _json,
    **dict.fromkeys(csv.SUFFIXES, csv.records),
    **dict.fromkeys(parquet.SUFFIXES, parquet.records),
    ".txt": _text,
}
"""By the ending of a file's name."""
