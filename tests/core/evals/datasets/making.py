"""What tests of data sets share: an eval over one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.evals.datasets import BrokenRow, rows_of
from core.evals.eval_file import DataSource, EvalFile
from core.evals.row import Row
from core.evals.variant import Variant


def over(path: str | Path, prompt: str = "Say {{x}}.", *, folder: str | Path = "", **more: Any) -> EvalFile:
    """An eval of one variant over the rows of a file; further fields of the data source and of the eval."""
    variant = Variant.parse(name="mine", model="smollm2", messages=[{"role": "user", "content": prompt}])
    source = {name: more.pop(name) for name in list(more) if name in DataSource.model_fields}
    return EvalFile(variants=(variant,), data=DataSource(path=str(path), **source), folder=str(folder), **more)


def found(file: EvalFile) -> tuple[list[Row], list[BrokenRow]]:
    """The rows that can be used, and the broken ones."""
    rows = list(rows_of(file))
    return [row for row in rows if isinstance(row, Row)], [row for row in rows if isinstance(row, BrokenRow)]
