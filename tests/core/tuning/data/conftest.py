"""The tiny model's tokenizer, and files of rows made on the spot."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.tuning.data import Tokens, open_tokens


@pytest.fixture(scope="module")
def tokens(tiny_model: Path) -> Iterator[Tokens]:
    """Of the tiny model: ChatML, byte-level BPE, `<|im_end|>` ends answers."""
    with open_tokens(tiny_model) as opened:
        yield opened


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, list[dict[str, Any]]], Path]:
    """Write rows to a file of the kind that its name says."""

    def written(name: str, rows: list[dict[str, Any]]) -> Path:
        file = tmp_path / name
        match file.suffix:
            case ".jsonl":
                file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
            case ".json":
                file.write_text(json.dumps(rows), encoding="utf-8")
            case ".csv":
                with file.open("w", newline="", encoding="utf-8") as stream:
                    writer = csv.DictWriter(stream, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
            case ".parquet":
                import pyarrow as pa
                import pyarrow.parquet as pq

                pq.write_table(pa.Table.from_pylist(rows), file)
        return file

    return written
