"""All assertions of a row on one output, and what they add up to.

Knows no type of assertion, nor who asked for the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from core.evals.assertion import Assertion, AssertionSet, Verdict
from core.evals.assertions.case import Case
from core.evals.assertions.looking import unsaid
from core.evals.assertions.registry import kind_of
from core.evals.judging.means import Judging
from core.evals.output import Output
from core.evals.row import Row
from core.evals.variant import Variant
from core.prompts import template
from core.prompts.inputs import as_text

Demand: TypeAlias = Assertion | AssertionSet


def judge(
    row: Row,
    variant: Variant,
    output: Output,
    judging: Judging,
    assertions: Sequence[Demand] = (),
) -> tuple[Verdict, ...]:
    """A verdict for each assertion, in order; never raises for what a row or an output holds.

    Types that compare the outputs of all variants (`select-best`) are left out: see `judge_together`.

    Args:
        row: its own assertions come last.
        variant: who gave the output.
        output: one with an error fails every assertion, negated or not, with that error.
        judging: models and limits, the same object for a whole run.
        assertions: of the file, demanded of every row that does not do without them.
    """
    case = Case(row, variant, output, judging)
    verdicts = (_verdict(each, case) for each in demanded(row, assertions))
    return tuple(verdict for verdict in verdicts if verdict is not None)


def demanded(row: Row, assertions: Sequence[Demand]) -> Iterator[Demand]:
    """What is demanded of a row: what the file demands, unless the row does without, then its own.

    Metrics whose names hold variables are named by the row.
    """
    for each in (*(assertions if row.with_defaults else ()), *row.assertions):
        yield each if "{{" not in each.metric else each.model_copy(update={"metric": _name(each.metric, row)})


def judge_together(
    row: Row,
    variants: Sequence[Variant],
    outputs: Mapping[str, Output],
    judging: Judging,
    assertions: Sequence[Demand] = (),
) -> dict[str, tuple[Verdict, ...]]:
    """Verdicts of the types that compare the outputs of a row, for each variant by name; never raises, as `judge`.

    They come on top of those of `judge`; outputs with an error are not compared.

    Args:
        row: its own assertions come last.
        variants: whose outputs there are.
        outputs: by the variant's name, of one repeat.
        judging: models and limits.
        assertions: of the file.
    """
    cases = {each.name: Case(row, each, outputs[each.name], judging) for each in variants if each.name in outputs}
    verdicts: dict[str, list[Verdict]] = {name: [] for name in cases}
    for each in demanded(row, assertions):
        kind = kind_of(each.type) if isinstance(each, Assertion) else None
        if isinstance(each, Assertion) and kind is not None and kind.compares:
            for name, verdict in kind.check_together(each, cases).items():
                verdicts[name].append(verdict)
    return {name: tuple(found) for name, found in verdicts.items()}


def compares(assertions: Iterable[Demand]) -> bool:
    """Whether any of them needs all outputs of a row at once."""
    kinds = (kind_of(each.type) for each in assertions if isinstance(each, Assertion))
    return any(kind is not None and kind.compares for kind in kinds)


def total(verdicts: Iterable[Verdict], threshold: float | None = None) -> tuple[bool, float]:
    """Whether a cell passes, and its score: the weighted mean.

    What has weight 0 is measured only and counts for neither. With a threshold the score decides, whatever single
    assertions say, as in promptfoo; without one all must pass. Nothing demanded is passed, with a score of 1. A verdict
    with an error is none: ask `unjudged` first.
    """
    counted = [each for each in verdicts if each.weight > 0]
    if not counted:
        return True, 1.0
    # From the largest weight, so that weights of 1e300 do not add up to infinity.
    largest = max(each.weight for each in counted)
    weights = [each.weight / largest for each in counted]
    score = sum(weight * each.score for weight, each in zip(weights, counted, strict=True)) / sum(weights)
    score = min(1.0, max(0.0, score))
    passed = all(each.passed for each in counted) if threshold is None else score >= threshold - 1e-9
    return passed, score


def unjudged(verdicts: Iterable[Verdict]) -> str | None:
    """Why these verdicts do not judge a cell: the error of the first one with weight that has one; `None`: they do.

    Such a cell has neither passed nor failed, even where other verdicts are sure: what a silent judge would have let
    pass would be missing in a share that holds what others failed.
    """
    return next((each.error for each in verdicts if each.error and each.weight > 0), None)


def _name(metric: str, row: Row) -> str:
    known = {name: as_text(row.vars[name]) for name in template.variables(metric) if name in row.vars}
    missing = {name: f"{{{{{name}}}}}" for name in template.variables(metric) if name not in row.vars}
    return template.render(metric, known | missing)


def _verdict(each: Demand, case: Case) -> Verdict | None:
    if isinstance(each, AssertionSet):
        return _set(each, case)
    kind = kind_of(each.type)
    if kind is None:
        return unsaid(each, f"There is no assertion {each.type[:60]!r}.")
    return None if kind.compares else kind.check(each, case)


def _set(each: AssertionSet, case: Case) -> Verdict | None:
    verdicts = (_verdict(one, case) for one in each.assertions)
    parts = tuple(part for part in verdicts if part is not None)
    if not parts:
        return None
    passed, score = total(parts, each.threshold)
    counted = [part for part in parts if part.weight > 0]
    error = next((part.error for part in counted if part.error), None)
    if each.threshold is not None:
        reason = f"Its score is {score:.3g}, {'at least' if passed else 'below'} {each.threshold:g}."
    else:
        failed = next((part for part in counted if not part.passed), None)
        reason = f"{failed.label}: {failed.reason}" if failed else "All of it passed."
    return Verdict(
        label=each.metric or "assert-set",
        passed=passed,
        score=score,
        reason=reason,
        weight=each.weight,
        metric=each.metric,
        error=None if passed else error,
        parts=parts,
    )
