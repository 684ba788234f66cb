"""Whether assertions can be judged at all, before a single output is asked for.

Knows nothing of outputs and rows: values with variables are looked at when there is a row.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

from core.errors import InvalidInput
from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions.kind import Kind
from core.evals.assertions.needs import problem
from core.evals.assertions.registry import ALIASES, ASSERTIONS, kind_of, unsupported
from core.evals.assertions.values import templated
from core.evals.scorers.extraction import rule_of


def check_known(assertions: Iterable[Assertion | AssertionSet], where: str = "") -> None:
    """Nothing, when all of them can be judged.

    Args:
        assertions: of a file or a row.
        where: for the message, such as “questions.csv, line 7”.

    Raises:
        InvalidInput: a type is unknown, a value is missing, of the wrong kind or malformed, a threshold is out of
            range; one sentence that names the assertion.
    """
    for number, each in enumerate(assertions, start=1):
        if (wrong := _wrong(each)) is not None:
            end = "" if wrong.endswith("?") else "."
            raise InvalidInput(f"{where + ': ' if where else ''}Assertion {number}: {wrong}{end}", "assert")


def _wrong(each: Assertion | AssertionSet) -> str | None:
    if isinstance(each, AssertionSet):
        if not each.assertions:
            return "the assert-set is empty"
        if each.threshold is not None and not (0 <= each.threshold <= 1):
            return f"the assert-set has a threshold of {each.threshold:g}; it is from 0 to 1"
        if any((kind := kind_of(one.type)) is not None and kind.compares for one in each.assertions):
            return "the assert-set has a type that compares variants; put it beside the set"
        return next((f"in its assert-set, {wrong}" for one in each.assertions if (wrong := _wrong(one))), None)
    if (kind := kind_of(each.type)) is None:
        return _unknown(each.type)
    wrong = _wrong_value(each, kind) or _wrong_threshold(each, kind)
    return f"{'not-' if each.negated else ''}{each.type} {wrong}" if wrong else None


def _unknown(name: str) -> str:
    if (why := unsupported(name)) is not None:
        return f"promptfoo's type {name[:60]} is not supported: {why}"
    near = difflib.get_close_matches(name, [*ASSERTIONS, *ALIASES], n=3, cutoff=0.6)
    hint = f"did you mean {', '.join(near)}?" if near else f"choose one of {', '.join(ASSERTIONS)}"
    return f"there is no type {name[:60]!r}; {hint}"


def _wrong_value(assertion: Assertion, kind: Kind) -> str | None:
    if assertion.extract is not None:
        try:
            rule_of(assertion.extract)
        except InvalidInput as error:
            return f"cannot be used: {str(error).rstrip('.')}"
    if templated(assertion.value):
        return None
    missing = assertion.value is None and kind.expects  # the row may have it
    wrong = None if missing else problem(kind.needs, assertion.value)
    return wrong or (kind.refuse(assertion) if kind.refuse else None)


def _wrong_threshold(assertion: Assertion, kind: Kind) -> str | None:
    threshold = assertion.threshold
    if threshold is None or kind.threshold is None:
        return None
    low, high = kind.threshold
    if low <= threshold <= high:  # false for one that is no number
        return None
    return f"has a threshold of {threshold:g}; it is " + (
        f"at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
    )
