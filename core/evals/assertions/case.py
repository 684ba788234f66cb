"""What an assertion is asked about: one output of a variant for a row, and what judging may use.

Knows no type of assertion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.evals.assertion import Assertion
from core.evals.judging.means import Judging
from core.evals.output import Output
from core.evals.row import Row
from core.evals.variant import Variant


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of the matrix."""

    row: Row
    variant: Variant
    output: Output
    judging: Judging


@dataclass(frozen=True, slots=True)
class Judged:
    """One assertion on one case, ready to be looked at."""

    assertion: Assertion
    """With the row's variables in its value."""
    text: str
    """The output, or the part of it that the assertion's rule found."""
    case: Case

    @property
    def value(self) -> Any:
        """The assertion's value; for types that fall back on it, the row's `expected` where there is none."""
        return self.assertion.value

    def threshold(self, usual: float) -> float:
        """The assertion's threshold, or the usual one of its type."""
        return usual if self.assertion.threshold is None else self.assertion.threshold


@dataclass(frozen=True, slots=True)
class Finding:
    """What a type says of it, before negation and weight."""

    passed: bool
    score: float
    """From 0 to 1."""
    reason: str
    """One sentence that is true whether or not the assertion was negated."""
    details: dict[str, Any] = field(default_factory=dict)


def found(passed: bool, reason: str, **details: Any) -> Finding:
    """A finding that is all or nothing."""
    return Finding(passed, float(passed), reason, details)


def graded(score: float, threshold: float, what: str, **details: Any) -> Finding:
    """A finding with a score from 0 to 1 that must reach a threshold.

    Args:
        score: cut to 0 … 1 for the verdict; the threshold is compared with it as it is.
        threshold: the least that passes, a rounding aside.
        what: what was measured, such as “ROUGE-L”.
        **details: kept with the verdict.
    """
    passed = score >= threshold - 1e-9
    reason = f"{what} is {score:.3g}, {'at least' if passed else 'below'} {threshold:g}."
    return Finding(passed, min(1.0, max(0.0, score)), reason, details)


def quoted(text: str, most: int = 80) -> str:
    """A text for a sentence: short, on one line, in quotation marks."""
    line = " ".join(text[: 4 * most].split())
    cut = len(line) > most or len(text) > 4 * most
    return f"“{line[:most]}…”" if cut else f"“{line}”"
