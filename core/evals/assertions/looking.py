"""From an assertion and an output to a verdict: values filled in, the part to judge found, negation, failures.

All of it is the same for every type. Knows no type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from core.errors import InvalidInput, LoupeError
from core.evals.assertion import Assertion, Verdict
from core.evals.assertions.case import Case, Finding, Judged
from core.evals.assertions.needs import problem
from core.evals.assertions.values import filled, storable
from core.evals.judging.failure import JudgeFailed
from core.evals.scorers import extract
from core.log import get_log
from core.prompts.inputs import as_text

if TYPE_CHECKING:
    from core.evals.assertions.kind import Kind

T = TypeVar("T")
KEPT = 2_000
"""Characters of a value that are kept with a verdict."""
Look = Callable[[Mapping[str, Judged]], Mapping[str, Finding]]


def looked_at(kind: Kind, assertion: Assertion, cases: Mapping[str, Case], look: Look) -> dict[str, Verdict]:
    """A verdict for each case, by the same names; never raises for what an output or a row holds."""
    verdicts: dict[str, Verdict] = {}
    ready: dict[str, Judged] = {}
    for name, case in cases.items():
        found = _caught(kind, assertion, partial(_ready, kind, assertion, case))
        if isinstance(found, Verdict):
            verdicts[name] = found
        else:
            ready[name] = found
    findings = _caught(kind, assertion, partial(look, ready)) if ready else {}
    for name, judged in ready.items():
        verdicts[name] = findings if isinstance(findings, Verdict) else _said(assertion, judged, findings[name])
    return {name: verdicts[name] for name in cases}


def unsaid(assertion: Assertion, why: str, **details: object) -> Verdict:
    """The verdict of an assertion that could say nothing: it has not passed, negated or not."""
    return _verdict(assertion, False, 0.0, why, details, failed=True)


def _ready(kind: Kind, assertion: Assertion, case: Case) -> Judged | Verdict:
    if case.output.error is not None:
        return unsaid(assertion, f"There is no output: {case.output.error}")
    value = filled(assertion.value, case.row.vars, program=kind.needs == "program")
    if value is None and kind.expects:
        value = case.row.vars.get("expected")
        if value is None:
            raise InvalidInput(f"{kind.name} needs a value, or a variable “expected” in the row.")
    whole = assertion if value == assertion.value else assertion.model_copy(update={"value": value})
    if (wrong := problem(kind.needs, value)) or (wrong := kind.refuse(whole) if kind.refuse else None):
        raise InvalidInput(f"{kind.name} {wrong}.")
    if assertion.extract is None:
        return Judged(whole, case.output.text, case)
    text = extract(assertion.extract, case.output.text)
    if text is None:  # no answer is neither right nor the absence of a wrong one
        return _verdict(assertion, False, 0.0, f"The rule {assertion.extract} finds no answer in the output.")
    return Judged(whole, text, case)


def _said(assertion: Assertion, judged: Judged, finding: Finding) -> Verdict:
    passed, score = finding.passed, finding.score
    if assertion.negated:
        passed, score = not passed, 1 - score
    details = dict(finding.details)
    if judged.assertion is not assertion:
        details["value"] = _kept(judged.value)
    if assertion.extract is not None:
        details["extracted"] = _kept(judged.text)
    return _verdict(assertion, passed, score, finding.reason, details)


def _kept(value: object) -> object:
    """A value as it is kept with a verdict: short, and plain data."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = as_text(value)
    return text if len(text) <= KEPT else f"{text[:KEPT]}…"


def _caught(kind: Kind, assertion: Assertion, work: Callable[[], T]) -> T | Verdict:
    try:
        return work()
    except JudgeFailed as error:
        return unsaid(assertion, str(error), **error.details)
    except LoupeError as error:
        return unsaid(assertion, str(error))
    except Exception as error:  # a run of ten thousand cells must not end at one odd output
        get_log().exception("evals: the assertion %s failed", assertion.label)
        return unsaid(assertion, f"{kind.name} failed on this output ({type(error).__name__}).")


def _verdict(
    assertion: Assertion,
    passed: bool,
    score: float,
    reason: str,
    details: Mapping[str, object] | None = None,
    *,
    failed: bool = False,
) -> Verdict:
    reason = storable(reason)
    return Verdict(
        label=assertion.label,
        passed=passed,
        score=score,
        reason=reason,
        weight=assertion.weight,
        metric=assertion.metric,
        error=reason if failed else None,
        details=storable(details) if details else {},
    )
