"""Scoring outputs that already exist: rows in, one verdict a row out, and what they add up to.

Knows nothing of files and terminals.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from core.errors import InvalidInput
from core.evals.scorers.extraction import finder, metric_of, rule_of
from core.evals.scorers.intervals import Mean
from core.evals.scorers.rows import Row
from core.evals.scorers.voting import correct, vote

MIN_TIMEOUT_S, MAX_TIMEOUT_S = 0.1, 600.0
PROGRAM = "program"
"""The rule whose answers come out of the sandbox."""


@dataclass(frozen=True, slots=True)
class Item:
    """The verdict on one row."""

    id: str | int | float
    extracted: str | None
    """The answer; of several samples the one that won the vote. `None` is no answer."""
    correct: float
    """From 0.0 to 1.0."""
    target: str
    """The right answer, or the first of several."""
    error: str | None = None
    """One sentence on why there is no answer, where there is more to say than that."""
    votes: int | None = None
    """Samples that gave this answer; `None` where there was no vote."""
    samples: int | None = None
    engines: tuple[str, ...] = ()
    """The engine of the sandbox for every program of the row."""

    def as_json(self, graded: bool) -> dict[str, Any]:
        """The fields of the contract; `correct` is true or false, or a number where the metric is graded."""
        fields: dict[str, Any] = {"id": self.id, "extracted": self.extracted}
        fields |= {"correct": self.correct if graded else self.correct == 1.0, "error": self.error}
        return fields if self.votes is None else fields | {"votes": self.votes, "samples": self.samples}


@dataclass(slots=True)
class Report:
    """What the verdicts add up to, one at a time."""

    rule: str
    metric: str
    items: list[Item] = field(default_factory=list)
    no_answer: int = 0
    """Rows for which no answer was found."""
    engines: Counter[str] = field(default_factory=Counter)
    """Programs that every engine of the sandbox ran."""
    mean: Mean = field(default_factory=Mean)
    _began: float = field(default_factory=time.monotonic)

    def add(self, item: Item) -> None:
        """One more verdict."""
        self.items.append(item)
        self.mean.add(item.correct)
        self.no_answer += item.extracted is None
        self.engines.update(item.engines)

    @property
    def seconds(self) -> float:
        """Since the report was begun."""
        return time.monotonic() - self._began

    def as_json(self) -> dict[str, Any]:
        """The document of `loupe score`: accuracy and interval from 0 to 1."""
        graded = metric_of(self.metric).graded
        return {
            "n": self.mean.n,
            "accuracy": self.mean.value,
            "ci95": list(self.mean.interval()),
            "extract": self.rule,
            "metric": self.metric,
            "no_answer": self.no_answer,
            "engine": ", ".join(sorted(self.engines)) or None,
            "seconds": round(self.seconds, 3),
            "items": [item.as_json(graded) for item in self.items],
        }


def score(rows: Iterable[Row], rule: str, metric: str, *, timeout_s: float = 6.0) -> Generator[Item, None, None]:
    """The verdict on every row, in their order, as soon as it is known.

    Args:
        rows: what to score; read as they are needed.
        rule: how the answer is found, such as `letter` or `regex:PATTERN`.
        metric: how it is compared.
        timeout_s: seconds that one program may run (rule `program`).

    Raises:
        InvalidInput: no such rule or metric, at once; a row or a search that fails, on the way.
        LoupeError: programs cannot be run on this machine.
    """
    known = rule_of(rule)
    metric_of(metric)
    if not MIN_TIMEOUT_S <= timeout_s <= MAX_TIMEOUT_S:
        raise InvalidInput(f"A program may run from {MIN_TIMEOUT_S} to {MAX_TIMEOUT_S:.0f} seconds, not {timeout_s:g}.")
    if known.name == PROGRAM:
        return _programs(rows, metric, timeout_s)
    find = finder(rule)
    return (verdict(row, [find(output) for output in row.outputs], metric) for row in rows)


def _programs(rows: Iterable[Row], metric: str, timeout_s: float) -> Generator[Item, None, None]:
    from core.evals.scorers.programs import run_rows

    for row, outcomes in run_rows(rows, timeout_s):
        answers = [outcome.answer for outcome in outcomes]
        errors = [outcome.error for outcome in outcomes if outcome.error]
        yield verdict(row, answers, metric, errors, tuple(outcome.engine for outcome in outcomes if outcome.engine))


def verdict(
    row: Row,
    answers: list[str | None],
    metric: str,
    errors: list[str] | tuple[()] = (),
    engines: tuple[str, ...] = (),
) -> Item:
    """The verdict on a row with these answers, one for each of its samples; several vote."""
    answer, votes = answers[0], None
    if row.voted:
        won = vote(answers, metric)
        answer, votes = won.answer, won.count
    return Item(
        id=row.id,
        extracted=answer,
        correct=correct(metric, answer, row.targets),
        target=row.targets[0],
        error=errors[0] if errors and answer is None else None,
        votes=votes,
        samples=len(answers) if row.voted else None,
        engines=engines,
    )
