"""The published figures, as `scores.json` lists them, and rows scored the way `loupe score` does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.cli.row_files import open_rows
from core.evals.scorers.report import Report, score
from core.evals.scorers.rows import read_rows

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TIMEOUTS_S = {"humaneval/gpt35_simple.jsonl": 8.0}
"""Seconds that the figures were made with, where it is not 6."""


@dataclass(frozen=True)
class Figure:
    """One line of `scores.json`; scores are per cent."""

    file: str
    extract: str
    metric: str
    n: int
    reproduced: float
    no_answer: int
    published: float | None = None
    per_item_agreement: int | None = None
    first_100: float | None = None
    first_30: float | None = None
    note: str = ""

    def __str__(self) -> str:
        return f"{self.file}-{self.extract}-{self.metric}"

    @property
    def first(self) -> tuple[int, float] | None:
        """How many rows a quick run takes, and what they score."""
        if self.first_100 is not None:
            return 100, self.first_100
        return None if self.first_30 is None else (30, self.first_30)

    def score(self, rows: int | None = None) -> Report:
        """The report on the first `rows` rows, on all of them by default."""
        report = Report(self.extract, self.metric)
        with open_rows(str(DATA / self.file)) as lines:
            wanted = islice(read_rows(lines, self.file), rows)
            for item in score(wanted, self.extract, self.metric, timeout_s=TIMEOUTS_S.get(self.file, 6.0)):
                report.add(item)
        return report

    def verdicts(self) -> dict[str, bool]:
        """By id, upstream's own verdict, where it recorded one."""
        return {row["id"]: row["published_correct"] for row in self.rows() if "published_correct" in row}

    def rows(self) -> list[dict[str, Any]]:
        """The rows as they are in the file."""
        with open_rows(str(DATA / self.file)) as lines:
            return [json.loads(line) for line in lines]


def figures() -> list[Figure]:
    """All of them; none where the folder is missing."""
    path = DATA / "scores.json"
    return [Figure(**line) for line in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def percent(report: Report) -> float:
    """The accuracy as `scores.json` writes it."""
    return round(100 * report.mean.value, 2)
