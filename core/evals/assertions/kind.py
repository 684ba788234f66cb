"""What a type of assertion is: a name, what it needs, and a look at one output.

Negation, weights, parts of an output and failures are the same for all types and stand here. Knows no type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import LoupeError
from core.evals.assertion import Assertion, Verdict
from core.evals.assertions.case import Case, Finding, Judged
from core.evals.assertions.needs import Needs, problem
from core.evals.assertions.values import filled
from core.evals.scorers import extract
from core.log import get_log


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of assertion."""

    name: str
    """As it is written in files, without "not-"."""
    what: str
    """When it passes, in one sentence."""
    source: str
    """Where its meaning comes from."""
    needs: Needs
    """What its value must be."""
    look: Callable[[Judged], Finding]
    """What it says of an output, before negation; raises LoupeError where nothing can be said."""
    expects: bool = False
    """Whether the row's `expected` is its value where it has none."""
    usual: float | None = None
    """The threshold where none is given; `None` where the type has none or needs none."""
    threshold: tuple[float, float] | None = None
    """Least and most that a threshold may be; `None`: a threshold means nothing to it."""
    options: tuple[str, ...] = ()
    """Names in `Assertion.options` that it acts on."""
    asks_model: bool = False
    """Whether it costs a call of a model."""
    compares: bool = False
    """Whether it looks at the outputs of all variants of a row together: see `judge_together`."""
    refuse: Callable[[Assertion], str | None] | None = None
    """What else can be wrong with an assertion before anything runs, as the rest of a sentence."""

    def check(self, assertion: Assertion, case: Case) -> Verdict:
        """What this type says of the output of a case; never raises for what an output or a row holds."""
        if case.output.error is not None:
            return self._unsaid(assertion, f"There is no output: {case.output.error}")
        try:
            return self._verdict(assertion, case)
        except LoupeError as error:
            return self._unsaid(assertion, str(error))
        except Exception as error:  # a run of ten thousand cells must not end at one odd output
            get_log().exception("evals: the assertion %s failed", assertion.label)
            return self._unsaid(assertion, f"{self.name} failed on this output ({type(error).__name__}).")

    def _verdict(self, assertion: Assertion, case: Case) -> Verdict:
        value = filled(assertion.value, case.row.vars, program=self.needs == "program")
        if value is None and self.expects:
            value = case.row.vars.get("expected")
            if value is None:
                return self._unsaid(assertion, f"{self.name} needs a value, or a variable “expected” in the row.")
        ready = assertion.model_copy(update={"value": value})
        if (wrong := problem(self.needs, value)) or (wrong := self.refuse(ready) if self.refuse else None):
            return self._unsaid(assertion, f"{self.name} {wrong}.")
        text: str | None = case.output.text
        if assertion.extract is not None:
            text = extract(assertion.extract, case.output.text)
        details = {} if value == assertion.value else {"value": value}
        if text is None:  # no answer is neither right nor the absence of a wrong one
            reason = f"The rule {assertion.extract} finds no answer in the output."
            return self._say(assertion, False, 0.0, reason, details)
        if assertion.extract is not None:
            details["extracted"] = text
        finding = self.look(Judged(ready, text, case))
        passed, score = finding.passed, finding.score
        if assertion.negated:
            passed, score = not passed, 1 - score
        return self._say(assertion, passed, score, finding.reason, {**details, **finding.details})

    @staticmethod
    def _say(assertion: Assertion, passed: bool, score: float, reason: str, details: dict[str, Any]) -> Verdict:
        return Verdict(
            label=assertion.label,
            passed=passed,
            score=score,
            reason=reason,
            weight=assertion.weight,
            metric=assertion.metric,
            details=details,
        )

    @staticmethod
    def _unsaid(assertion: Assertion, why: str) -> Verdict:
        return unsaid(assertion, why)


def unsaid(assertion: Assertion, why: str) -> Verdict:
    """The verdict of an assertion that could say nothing: it has not passed, negated or not."""
    return Verdict(
        label=assertion.label,
        passed=False,
        score=0.0,
        reason=why,
        weight=assertion.weight,
        metric=assertion.metric,
        error=why,
    )
