"""Parquet: every column is a variable, read a thousand rows at a time.

Dates and decimals become text, not-a-number becomes nothing; a row that holds bytes (pictures, sounds) is broken.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.evals.datasets import jsonl
from core.evals.datasets.found import Found, broken, read_row, row
from core.evals.reading.context import Reading
from core.prompts.names import short

SUFFIXES = (".parquet",)
BATCH = 1000
_TEXT = (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


def read(path: Path, reading: Reading) -> Iterator[Found]:
    """The rows.

    Raises:
        InvalidInput: the file is damaged or no Parquet.
    """
    for place, values in records(path, reading.name):
        if isinstance(values, str):
            yield broken(f"{reading.name}, {place}", values)
        else:
            yield row(values, reading, place, read_row)


def records(path: Path, name: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Every row by column, or a sentence on why it is broken, with its place: “row 7”.

    Args:
        path: the file.
        name: its name in a sentence.

    Raises:
        InvalidInput: the file is damaged or no Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                for values in batch.to_pylist():
                    number += 1
                    yield f"row {number}", _values(values)
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        after = f" after row {number:,}" if number else ""
        raise InvalidInput(f"{name} cannot be read as Parquet{after}: {reason.rstrip('.')}.") from None


def _values(values: dict[str, Any]) -> dict[str, Any] | str:
    try:
        plain = {str(name): _plain(value, name) for name, value in values.items()}
        jsonl.check(plain)
    except InvalidInput as error:
        return f"It is {error}."
    return plain


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        raise InvalidInput(f"not text: the column {short(name)} holds bytes")
    if isinstance(value, _TEXT):
        return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {str(key): _plain(each, name) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, name) for each in value]
    return value
