"""What tests of assertions share: one assertion on one output, and a judge that says what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from core.evals.assertion import Assertion, Verdict
from core.evals.assertions import Judging, check_known, judge
from core.evals.output import Output
from core.evals.row import Row
from core.evals.variant import Request, Variant

VARIANT = Variant.parse(name="mine", model="smollm2", messages=[{"role": "user", "content": "Say {{word}}."}])
ROW = Row(number=1, vars={"word": "Paris", "expected": "Paris", "list": ["Paris", "London"], "quote": 'a "b" \\ c'})


class Replies:
    """Stands in for `core.evals.asking.ask`: replies in turn, the last one again and again; keeps the requests."""

    def __init__(self, *replies: str | Output | Callable[[Any], str]) -> None:
        self.replies = list(replies)
        self.requests: list[Any] = []

    def __call__(self, request: Request, cancel: threading.Event | None) -> Output:
        self.requests.append(request)
        reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
        if isinstance(reply, Output):
            return reply
        text = reply if isinstance(reply, str) else reply(request)
        return Output(text=text, prompt_tokens=10, completion_tokens=5, seconds=0.5, cost_usd=0.001)

    @property
    def last(self) -> str:
        """What the judge was asked last."""
        return str(self.requests[-1].messages[-1].content)


def said(
    kind: str,
    output: str | Output,
    value: Any = None,
    *,
    row: Row = ROW,
    judging: Judging | None = None,
    known: bool = True,
    **more: Any,
) -> Verdict:
    """The verdict of one assertion; `not-` in front of the type negates it."""
    assertion = Assertion(type=kind.removeprefix("not-"), negated=kind.startswith("not-"), value=value, **more)
    if known:
        check_known([assertion])
    answer = Output(text=output) if isinstance(output, str) else output
    [verdict] = judge(row, VARIANT, answer, judging or Judging(), [assertion])
    return verdict


def passes(kind: str, output: str | Output, value: Any = None, **more: Any) -> bool:
    """Whether it passes; an error fails the test."""
    verdict = said(kind, output, value, **more)
    assert verdict.error is None, verdict.error
    assert 0 <= verdict.score <= 1
    return verdict.passed


def all_of(found: Sequence[Verdict]) -> list[bool]:
    """Which of them passed."""
    return [each.passed for each in found]
