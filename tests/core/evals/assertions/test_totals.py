"""Negation, weights, thresholds, sets, variables: what is the same for every type, mostly as properties."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evals.assertion import Assertion, AssertionSet, Verdict
from core.evals.assertions import ASSERTIONS, Judging, judge, total
from core.evals.assertions import kind as kinds
from core.evals.output import Output
from core.evals.row import Row
from tests.core.evals.assertions.saying import ROW, VARIANT, said

VALUES: dict[str, Any] = {
    "is-xml": None, "contains-xml": None, "is-json": None, "contains-json": None, "is-refusal": None, "latency": None,
    "cost": None, "regex": "[a-z]+", "word-count": {"min": 1, "max": 5}, "length": {"min": 3}, "finish-reason": "stop",
    "equals": "a b", "extract": "a",
}  # fmt: skip
SLOW = {"python", "similar"}
"""Types with a process or a model behind them have tests of their own."""
PLAIN = [name for name, kind in ASSERTIONS.items() if not kind.asks_model and name not in SLOW]


@pytest.mark.parametrize("name", PLAIN)
@given(text=st.text(max_size=60) | st.sampled_from(["a b", '{"a": 1}', "<a/>", "I cannot help.", "\ud800", "a" * 5000]))
@settings(max_examples=25, deadline=None)
def test_not_is_the_opposite_and_scores_lie_between_0_and_1(name: str, text: str) -> None:
    value = VALUES.get(name, "a")
    threshold = 1.0 if name in ("latency", "cost") else None
    extract = "regex:(?s)(.*)" if name == "extract" else None
    found = []
    for negated in (False, True):
        assertion = Assertion(type=name, value=value, negated=negated, threshold=threshold, extract=extract)
        output = Output(text=text, finish_reason="stop", cost_usd=0.5, seconds=0.5)
        [verdict] = judge(ROW, VARIANT, output, Judging(), [assertion])
        found.append(verdict)
    plain, against = found
    assert plain.error is None and against.error is None
    assert 0 <= plain.score <= 1 and 0 <= against.score <= 1
    assert plain.reason == against.reason
    if name == "extract" and not text.strip():  # a rule that finds nothing
        assert not plain.passed and not against.passed
    else:
        assert plain.passed is not against.passed
        assert plain.score + against.score == pytest.approx(1)
    assert against.label == f"not-{name}"


verdicts = st.lists(
    st.builds(
        Verdict,
        label=st.just("x"),
        passed=st.booleans(),
        score=st.floats(0, 1),
        weight=st.floats(0, 1e300) | st.sampled_from([0.0, 1.0, 2.0, 5e-324]),
    ),
    max_size=8,
)


@given(verdicts, st.none() | st.floats(0, 1))
def test_a_total_is_a_mean_of_what_has_weight(found: list[Verdict], threshold: float | None) -> None:
    passed, score = total(found, threshold)
    counted = [each for each in found if each.weight > 0]
    assert 0 <= score <= 1
    if not counted:
        assert (passed, score) == (True, 1.0)
        return
    assert min(each.score for each in counted) - 1e-9 <= score <= max(each.score for each in counted) + 1e-9
    assert passed is (all(each.passed for each in counted) if threshold is None else score >= threshold - 1e-9)
    assert total([*found, Verdict(label="m", passed=False, score=0, weight=0)], threshold) == (passed, score)


@given(verdicts, st.data())
def test_a_total_never_falls_when_a_score_rises(found: list[Verdict], data: st.DataObject) -> None:
    if not found:
        return
    place = data.draw(st.integers(0, len(found) - 1))
    better = found[place].model_copy(update={"score": data.draw(st.floats(found[place].score, 1)), "passed": True})
    changed = [*found[:place], better, *found[place + 1 :]]
    assert total(changed)[1] >= total(found)[1] - 1e-12
    assert total(changed)[0] >= total(found)[0]
    threshold = data.draw(st.floats(0, 1))
    assert total(changed, threshold)[0] >= total(found, threshold)[0]


def test_weights_and_thresholds_as_promptfoo_documents_them() -> None:
    row = Row(
        number=1,
        assertions=(
            Assertion(type="equals", value="Hello world", weight=2),
            Assertion(type="contains", value="world", weight=1),
        ),
    )
    found = judge(row, VARIANT, Output(text="Goodbye world"), Judging())
    assert total(found) == (False, pytest.approx(1 / 3))
    assert total(found, 0.5)[0] is False
    assert total(found, 0.2)[0] is True
    assert total(found, 0)[0] is True
    assert total([], None) == (True, 1.0)


def test_what_has_weight_0_is_measured_and_fails_nothing() -> None:
    measured = said("contains", "x", "y", weight=0, metric="Tone")
    assert (measured.passed, measured.weight, measured.metric, measured.label) == (False, 0, "Tone", "Tone")
    assert total([measured]) == (True, 1.0)
    assert total([measured], 0.9) == (True, 1.0)


def test_a_set_counts_as_one() -> None:
    parts = (
        Assertion(type="contains", value="hello"),
        Assertion(type="contains", value="error", negated=True),
        Assertion(type="is-json"),
        Assertion(type="word-count", value=1),
    )
    output = Output(text="hello you")
    [one] = judge(
        ROW, VARIANT, output, Judging(), [AssertionSet(assertions=parts, threshold=0.5, weight=2, metric="q")]
    )
    assert (one.passed, one.score, one.weight, one.label, len(one.parts)) == (True, 0.5, 2, "q", 4)
    [other] = judge(ROW, VARIANT, output, Judging(), [AssertionSet(assertions=parts)])
    assert (other.passed, other.score, other.label) == (False, 0.5, "assert-set")
    assert other.reason == "is-json: It is not JSON: Expecting value at line 1, column 1."
    [lost] = judge(ROW, VARIANT, Output(error="gone"), Judging(), [AssertionSet(assertions=parts)])
    assert (lost.passed, lost.score, lost.error) == (False, 0, "There is no output: gone")


def test_assertions_of_the_file_come_first_unless_the_row_does_without() -> None:
    row = Row(number=1, assertions=(Assertion(type="contains", value="own"),))
    common = [Assertion(type="contains", value="all"), Assertion(type="select-best", value="x")]
    labels = [each.reason for each in judge(row, VARIANT, Output(text="all own"), Judging(), common)]
    assert labels == ["It contains “all”.", "It contains “own”."]
    alone = row.model_copy(update={"with_defaults": False})
    assert len(judge(alone, VARIANT, Output(text="x"), Judging(), common)) == 1


def test_the_name_of_a_metric_may_come_from_the_row() -> None:
    assert said("contains", "x", "x", metric="Tone {{word}} {{gone}}").metric == "Tone Paris {{gone}}"


def test_variables_are_put_in_as_text_and_once() -> None:
    row = Row(number=1, vars={"a": "{{b}}", "b": "no", "n": 3, "list": ["x", 1], "odd": "(.*) {{a}} $1"})
    assert said("contains", "has {{b}} in it", "{{ a }}", row=row).passed
    assert said("word-count", "one two three", "{{n}}", row=row).passed
    assert said("contains-all", "x and 1", "{{list}}", row=row).passed
    assert said("contains-any", "no way", ["yes", "{{b}}"], row=row).passed
    assert said("equals", '{"k": "no"}', {"k": "{{b}}"}, row=row).passed
    assert said("contains", "(.*) {{a}} $1", "{{odd}}", row=row).passed
    assert said("contains", "{{b}}", r"\{{b}}", row=row).passed
    assert said("contains", "x", "{{gone}}", row=row).error == ("The value of the assertion needs a variable “gone”.")


def test_a_type_that_breaks_costs_one_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(judged: object) -> Any:
        raise KeyError("odd")

    kind = kinds.Kind("contains", "x.", "x", "text", broken)
    monkeypatch.setitem(ASSERTIONS, "contains", kind)
    first, second = judge(
        ROW, VARIANT, Output(text="a"), Judging(),
        [Assertion(type="contains", value="a", negated=True), Assertion(type="equals", value="a")],
    )  # fmt: skip
    assert (first.passed, first.error) == (False, "contains failed on this output (KeyError).")
    assert second.passed


def test_an_unknown_type_is_an_error_of_its_verdict() -> None:
    [verdict] = judge(ROW, VARIANT, Output(text="x"), Judging(), [Assertion(type="nope")])
    assert verdict.error == "There is no assertion 'nope'."


def test_a_verdict_is_plain_data() -> None:
    row = ROW.model_copy(update={"vars": {"odd": "\ud83d", "day": date(2026, 1, 31)}})
    for verdict in (said("contains", "x", "{{odd}}", row=row), said("not-contains", "\ud83d", "{{day}}", row=row)):
        assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
    verdict = said("rouge-l", "x", ["y", "x z"], threshold=0.1)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
