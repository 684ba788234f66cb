"""What a cell of a sweep comes to: one file of figures, each a number from the cell's outputs.

A further figure is a line here. Knows nothing of how they are drawn.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.evals.compare.sweep import SweepRequest, Taken
from core.evals.scorers import Mean, extract, vote


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell with what came out of it."""

    name: str
    samples: Sequence[Taken]
    """Those without an error."""
    failed: int
    """Outputs that ended in an error."""
    draws: int
    """How many outputs it was to have."""
    certain: bool
    """Whether a further output could only be the same."""
    rule: str | None = None
    """Finds the answer whose agreement is counted."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a cell."""

    name: str
    title: str
    what: str
    """In one sentence."""
    of: Callable[[Cell], float | None]
    """`None` where there is nothing to say."""
    pattern: str = ".2f"
    """How it is written, as `format` takes it."""
    unit: str = ""
    best: str = ""
    """"high" or "low" where one of them is better."""


def cells(request: SweepRequest, samples: Sequence[Taken]) -> list[Cell]:
    """Every cell of a sweep with its outputs, in the order of `SweepRequest.cells`."""
    found = []
    for place, variant in enumerate(request.variants):
        own = sorted((each for each in samples if each.cell == place), key=lambda each: each.number)
        draws = request.draws(variant)
        fine = [each for each in own if each.error is None]
        certain = draws == 1 < request.samples or (draws == 1 and variant.params.greedy)
        found.append(Cell(variant.name, fine, len(own) - len(fine), draws, certain, request.extract))
    return found


def interval(figure: Figure, cell: Cell) -> tuple[float, float] | None:
    """The 95 % interval of a score; `None` for other figures, and for a cell that has one output."""
    judged = [each for each in cell.samples if each.unjudged is None]
    if figure.name not in ("score", "passed") or len(judged) < 2:
        return None
    mean = Mean()
    for each in judged:
        mean.add(float(each.passed or 0) if figure.name == "passed" else each.score or 0.0)
    return mean.interval()


def shown(figure: Figure, value: float | None) -> str:
    """The figure as a person reads it."""
    return "–" if value is None else f"{value:{figure.pattern}}{figure.unit}"


def _mean(read: Callable[[Taken], float | None]) -> Callable[[Cell], float | None]:
    def of(cell: Cell) -> float | None:
        values = [value for each in cell.samples if (value := read(each)) is not None]
        return statistics.fmean(values) if values else None

    return of


def _diversity(cell: Cell) -> float | None:
    """How many outputs beyond the first are new."""
    if cell.certain and cell.samples:
        return 0.0
    if len(cell.samples) < 2:
        return None
    return (len({each.text.strip() for each in cell.samples}) - 1) / (len(cell.samples) - 1)


def _agreement(cell: Cell) -> float | None:
    """How many outputs give the answer that most give."""
    if cell.certain and cell.samples:
        return 1.0
    if len(cell.samples) < 2:
        return None
    answers = [extract(cell.rule, each.text) if cell.rule else each.text.strip() for each in cell.samples]
    return vote(answers, "exact").count / len(answers)


def _unjudged(cell: Cell) -> float | None:
    """Where a score is wanted at all."""
    if all(each.unjudged is None and each.passed is None for each in cell.samples):
        return None
    return float(sum(each.unjudged is not None for each in cell.samples))


def _cost(cell: Cell) -> float | None:
    known = [each.cost_usd for each in cell.samples if each.cost_usd is not None]
    return sum(known) if known else None


FIGURES: dict[str, Figure] = {
    each.name: each
    for each in (
        Figure("score", "Score", "Mean score of the outputs, 0 to 1.", _mean(lambda each: each.score), best="high"),
        Figure(
            "passed",
            "Passed",
            "Share of the outputs for which every assertion holds.",
            _mean(lambda each: None if each.passed is None else float(each.passed)),
            ".0%",
            best="high",
        ),
        Figure(
            "agreement",
            "Agreement",
            "Share of the outputs that give the answer most give; 100 % for a cell without chance.",
            _agreement,
            ".0%",
        ),
        Figure(
            "diversity",
            "Diversity",
            "Share of the outputs beyond the first that say something new: 0 % all alike, 100 % all different.",
            _diversity,
            ".0%",
        ),
        Figure(
            "tokens", "Tokens", "Mean tokens of an output.", _mean(lambda each: float(each.completion_tokens)), ",.0f"
        ),
        Figure("words", "Words", "Mean words of an output.", _mean(lambda each: float(len(each.text.split()))), ",.0f"),
        Figure(
            "seconds",
            "Seconds",
            "Mean seconds of an output in the crowd of the sweep, waiting included.",
            _mean(lambda each: each.seconds),
            ".2f",
            " s",
            "low",
        ),
        Figure(
            "cost",
            "Cost",
            "US dollars of all outputs of the cell, where the endpoint has a price.",
            _cost,
            ".6f",
            " $",
            "low",
        ),
        Figure(
            "unjudged",
            "No verdict",
            "Outputs of which the score says nothing, as where a judge did not reply; left out of score and passed.",
            _unjudged,
            ".0f",
            best="low",
        ),
        Figure(
            "failed", "Failed", "Outputs that ended in an error.", lambda cell: float(cell.failed), ".0f", best="low"
        ),
    )
}
"""By name, in the order in which a page offers them."""
