"""The figures of one variant: share that passed, mean score, errors, tokens, time, cost, named metrics.

A cell without an answer, or without a verdict on it, is counted and left out of every figure of quality. Knows nothing
of other variants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.evals.results.ledger import Ledger
from core.statistics import mean_interval, share_interval
from core.store.eval_figures import VariantCounts

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricScore:
    """What one assertion, by its name or type, came to over the cells that have it."""

    name: str
    n: int
    mean: float
    ci95: Interval
    passed: float
    """Share of cells that passed it."""
    flipped: float | None = None
    """Of a judge that compares: share of cells in which its choice changed with the order; `None` for others."""

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        document = {"n": self.n, "mean": self.mean, "ci95": list(self.ci95), "passed": self.passed}
        return document if self.flipped is None else document | {"flipped": self.flipped}


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantScore:
    """One variant, over the cells that are there now."""

    name: str
    model: str
    n: int
    """Cells with an answer that was judged: rows × repeats without errors and without what is `unjudged`."""
    score: float | None
    """Share of them that passed, with overrides; `None` where there is none."""
    ci95: Interval
    mean_score: float | None
    mean_ci95: Interval
    errors: int
    """Cells without an answer."""
    unjudged: int
    """Cells with an answer of which nothing could be said, such as by a judge that did not reply."""
    cached: int
    overridden: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """Sum over calls, those that were made for an earlier run included."""
    cost: float | None
    """US dollars, the same; `None` where no call has a price."""
    metrics: tuple[MetricScore, ...] = field(default=())
    rank: int = 0
    """1 for the largest share, the same for equal ones; 0 without an answer."""
    level: bool = False
    """Whether the first in rank is not decisively better than this one."""

    @property
    def tokens(self) -> int:
        """Of prompts and answers."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def answers(self) -> int:
        """Cells with an answer, judged or not."""
        return self.n + self.unjudged

    @property
    def calls(self) -> int:
        """All cells."""
        return self.answers + self.errors

    def as_json(self) -> dict[str, Any]:
        """Plain data, by the contract of `loupe eval run`."""
        return {
            "name": self.name,
            "model": self.model,
            "n": self.n,
            "score": self.score,
            "ci95": list(self.ci95),
            "mean_score": self.mean_score,
            "mean_score_ci95": list(self.mean_ci95),
            "errors": self.errors,
            "unjudged": self.unjudged,
            "tokens": self.tokens,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "seconds": round(self.seconds, 3),
            "cost": self.cost,
            "cached": self.cached,
            "overridden": self.overridden,
            "metrics": {each.name: each.as_json() for each in self.metrics},
            "rank": self.rank,
            "level_with_first": self.level,
        }


def scores(book: Ledger, *, metrics: bool = True) -> list[VariantScore]:
    """The figures of every variant, by place.

    Args:
        book: the eval.
        metrics: with single assertions, which takes a look at every verdict.
    """
    counts = {each.variant: each for each in book.counts}
    models = book.models
    return [
        _score(book, place, name, models[place], counts.get(place), metrics) for place, name in enumerate(book.names)
    ]


def _score(
    book: Ledger, place: int, name: str, model: str, counts: VariantCounts | None, metrics: bool
) -> VariantScore:
    f = book.figures
    mine = (f.variant == place) & ~f.error
    rows, passed, score = f.row[mine], f.passed[mine], f.score[mine]
    n = len(rows)
    graded = bool(((score != 0) & (score != 1)).any())
    return VariantScore(
        name=name,
        model=model,
        n=n,
        score=float(passed.mean()) if n else None,
        ci95=share_interval(passed, rows),
        mean_score=float(score.mean()) if n else None,
        mean_ci95=mean_interval(score, rows) if graded else share_interval(score, rows),
        errors=counts.errors if counts else 0,
        unjudged=counts.unjudged if counts else 0,
        cached=counts.cached if counts else 0,
        overridden=counts.overridden if counts else 0,
        prompt_tokens=counts.prompt_tokens if counts else 0,
        completion_tokens=counts.completion_tokens if counts else 0,
        seconds=counts.seconds if counts else 0.0,
        cost=counts.cost_usd if counts else None,
        metrics=tuple(_metrics(book, mine)) if metrics and n else (),
    )


def _share(column: Any, seen: Any) -> float | None:
    """Mean of what is known of a column."""
    import numpy as np

    if column is None:
        return None
    known = column[seen & ~np.isnan(column)]
    return float(known.mean()) if len(known) else None


def _metrics(book: Ledger, mine: Any) -> list[MetricScore]:
    import numpy as np

    found = []
    for name, column in book.metrics.score.items():
        seen = mine & ~np.isnan(column)
        values, rows = column[seen], book.figures.row[seen]
        if not len(values):
            continue
        graded = bool(((values != 0) & (values != 1)).any())
        found.append(
            MetricScore(
                name=name,
                n=len(values),
                mean=float(values.mean()),
                ci95=mean_interval(values, rows) if graded else share_interval(values, rows),
                passed=float(book.metrics.passed[name][seen].mean()),
                flipped=_share(book.metrics.flipped.get(name), seen),
            )
        )
    return found
