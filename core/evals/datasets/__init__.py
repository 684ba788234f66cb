"""Data sets: the rows of an eval from CSV, JSON Lines, YAML, JSON, Parquet and the hub; one file a kind.

    for row in rows_of(file): …          Row, or BrokenRow where broken rows are left out
    checked = check(file)                rows, digest, what is broken; InvalidInput before anything runs

Rows come one after another, so that memory stays flat. Knows nothing of running them.
"""

from __future__ import annotations

from core.evals.datasets.checking import Checked, check, digest_of
from core.evals.datasets.found import BrokenRow
from core.evals.datasets.stream import READERS, rows_of

__all__ = ["READERS", "BrokenRow", "Checked", "check", "digest_of", "rows_of"]
