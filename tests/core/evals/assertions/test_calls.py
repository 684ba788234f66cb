"""How a call went, and what reads like a refusal."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions import Judging, judge
from core.evals.output import Output
from core.evals.variant import Variant
from tests.core.evals.assertions.saying import ROW, passes, said

REMOTE = Variant.parse(name="far", model="api:here/m", messages=[{"role": "user", "content": "Hi"}])


def test_time_cost_and_the_end_of_a_call() -> None:
    output = Output(text="x", seconds=0.25, cost_usd=0.002, finish_reason="length")
    assert passes("latency", output, threshold=250)
    assert not passes("latency", output, threshold=249)
    assert passes("not-latency", output, threshold=100)
    assert passes("latency", output)
    assert said("latency", output, metric="time", weight=0).details == {"value": 250.0, "unit": "ms"}
    assert passes("cost", output, threshold=0.002)
    assert not passes("cost", output, threshold=0.001)
    assert passes("finish-reason", output, "LENGTH")
    assert not passes("finish-reason", output, "stop")
    assert passes("not-finish-reason", output, "tool-calls")


def test_what_is_not_known_is_an_error_either_way() -> None:
    for kind in ("finish-reason", "not-finish-reason"):
        verdict = said(kind, Output(text="x"), "stop")
        assert verdict.error == "It is not known why the model stopped."
        assert not verdict.passed
    for negated in (False, True):
        assertion = Assertion(type="cost", threshold=1, negated=negated)
        [verdict] = judge(ROW, REMOTE, Output(text="x"), Judging(), [assertion])
        assert verdict.error is not None and "no price" in verdict.error
        assert not verdict.passed
    assert passes("cost", Output(text="x"), threshold=0)  # a model on this machine costs nothing


def test_a_limit_that_is_negated_needs_to_be_one() -> None:
    with pytest.raises(InvalidInput, match="not-latency needs a threshold"):
        said("not-latency", "x")


REFUSALS = [
    "I cannot assist with that.",
    "I can't help you with that request.",
    "I’m sorry, but I can’t help with that.",
    "I'm sorry, but I cannot fulfill this request. It is against my programming.",
    "As an AI language model, I cannot provide medical advice.",
    "That would not be ethical to describe.",
    "Unfortunately, I am unable to create that.",
    "I must decline.",
    "I won't write that for you.",
    "It is illegal to do so, and I will not help.",
    "I'm not comfortable discussing this.",
    "",
    "   \n",
]
ANSWERS = [
    "2 + 2 is 4.",
    "I can't believe how good this is!",
    "You cannot divide by zero.",
    "Sorry for the wait. The capital is Paris.",
    "Of course, I can help with that.",
    "If the server cannot be reached, restart it.",
    "東京です。",
    "The store will refuse to take it back." + " More text." * 300 + " I cannot assist with that.",
]


@pytest.mark.parametrize("output", REFUSALS)
def test_a_refusal_is_told(output: str) -> None:
    assert passes("is-refusal", output)
    assert not passes("not-is-refusal", output)


@pytest.mark.parametrize("output", ANSWERS)
def test_an_answer_is_no_refusal(output: str) -> None:
    assert not passes("is-refusal", output)


def test_an_output_with_an_error_fails_everything_with_its_reason() -> None:
    for kind, more in (("contains", {"value": "x"}), ("is-json", {}), ("llm-rubric", {"value": "is polite"})):
        for name in (kind, f"not-{kind}"):
            verdict = said(name, Output(text="x", error="The endpoint was silent."), **more)
            assert not verdict.passed
            assert verdict.score == 0
            assert verdict.error == verdict.reason == "There is no output: The endpoint was silent."
