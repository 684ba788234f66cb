"""A training file as rows: JSON Lines, JSON, CSV, Parquet or text; its format is seen from its columns.

Knows nothing of tokens or models.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.tuning.data.rows import Rows

FORMATS: dict[str, str] = {}
"""By name: what a row of it holds, in words for a person."""


def detect(path: Path, columns: Mapping[str, str] = {}) -> tuple[str, dict[str, str]]:
    """The format of a file and which column is read as what, from its first row.

    Raises:
        InvalidInput: no format has these columns; the sentence names those there are.
    """
    raise NotImplementedError


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
    raise NotImplementedError
