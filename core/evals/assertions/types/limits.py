"""`latency`, `cost` and `finish-reason`: how the call went, not what it said.

Time is what the call took when it was made, waiting in a shared batch included; an output that is used again keeps it.
Knows nothing of prices or clocks.
"""

from __future__ import annotations

import math

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged, found
from core.evals.assertions.kind import Kind
from core.prompts.inputs import as_text

SOURCE = "promptfoo, Deterministic metrics"


def _latency(judged: Judged) -> Finding:
    took = judged.case.output.seconds * 1000
    return _within(took, f"{took:,.0f} ms", "ms", judged)


def _cost(judged: Judged) -> Finding:
    cost = judged.case.output.cost_usd
    if cost is None and not judged.case.variant.model.startswith("api:"):
        cost = 0.0  # on this machine
    if cost is None:
        raise InvalidInput("The call's cost is not known: the endpoint's settings have no price for this model.")
    return _within(cost, f"${cost:.6g}", "dollars", judged)


def _within(value: float, shown: str, unit: str, judged: Judged) -> Finding:
    most = judged.assertion.threshold
    if most is None:
        return found(True, f"It was {shown}.", value=value, unit=unit)
    reason = f"It was {shown}, {'at most' if value <= most else 'more than'} {most:g}."
    return found(value <= most, reason, value=value, unit=unit)


def _refuse(assertion: Assertion) -> str | None:
    return "needs a threshold" if assertion.negated and assertion.threshold is None else None


def _finish(judged: Judged) -> Finding:
    reason, wanted = judged.case.output.finish_reason, as_text(judged.value)
    if reason is None:
        raise InvalidInput("It is not known why the model stopped.")
    same = _plain(reason) == _plain(wanted)
    return found(same, f"It stopped by {reason}" + ("." if same else f", not by {wanted[:40]}."))


def _plain(reason: str) -> str:
    return reason.strip().casefold().replace("-", "_")


KINDS = (
    Kind(
        "latency",
        "The call took at most so many milliseconds (threshold).",
        SOURCE,
        "nothing",
        _latency,
        threshold=(0.0, math.inf),
        refuse=_refuse,
    ),
    Kind(
        "cost",
        "The call cost at most so many dollars (threshold).",
        SOURCE,
        "nothing",
        _cost,
        threshold=(0.0, math.inf),
        refuse=_refuse,
    ),
    Kind("finish-reason", "The model stopped for this reason, such as stop or length.", SOURCE, "text", _finish),
)
