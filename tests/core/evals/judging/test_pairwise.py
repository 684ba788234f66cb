"""Answers beside each other, in both orders; and the other questions to a judge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions import Judging, compares, judge_together
from core.evals.judging import JudgeFailed, compare, summary
from core.evals.output import Output
from core.evals.variant import Variant
from tests.core.evals.assertions.saying import ROW, Replies, said


def by_content(better: str, otherwise: Any = "tie") -> Any:
    """A judge that chooses the answer that holds `better`, wherever it stands."""

    def reply(request: Any) -> str:
        blocks = request.messages[-1].content.split(" answer ")[1:]
        place = next((number for number, block in enumerate(blocks, 1) if better in block), otherwise)
        return json.dumps({"reason": f"It says {better}.", "best": place})

    return reply


def test_a_judge_of_content_is_asked_twice_and_agrees_with_itself() -> None:
    replies = Replies(by_content("Rhine"))
    found = compare("Name a river.", ["The Rhine.", "The Alps."], Judging(ask=replies))
    assert (found.side, found.best, found.flipped, found.chosen) == ("left", 0, False, (0, 0))
    first, second = (each.messages[-1].content for each in replies.requests)
    assert first.index("The Rhine.") < first.index("The Alps.")
    assert second.index("The Rhine.") > second.index("The Alps.")
    assert "Name a river." in first
    assert [order["replies"] for order in found.details["orders"]] == [
        ['{"reason": "It says Rhine.", "best": 1}'],
        ['{"reason": "It says Rhine.", "best": 2}'],
    ]
    assert compare("", ["a", "b Rhine"], Judging(ask=replies)).side == "right"


def test_a_judge_of_places_flips_and_decides_nothing() -> None:
    found = compare("", ["one", "two"], Judging(ask=Replies('{"best": 1}')))
    assert (found.side, found.flipped, found.chosen) == ("tie", True, (0, 1))
    half = compare("", ["one", "two"], Judging(ask=Replies('{"best": 1}', '{"best": "tie"}')))
    assert (half.side, half.flipped) == ("tie", True)
    tie = compare("", ["one", "two"], Judging(ask=Replies('{"best": "tie"}')))
    assert (tie.side, tie.flipped) == ("tie", False)


def test_flips_are_counted_with_an_interval() -> None:
    answers = ["a Rhine", "b"]
    found = [compare("", answers, Judging(ask=Replies(by_content("Rhine")))) for _ in range(3)]
    found.append(compare("", answers[::-1], Judging(ask=Replies(by_content("Rhine")))))
    found.append(compare("", answers, Judging(ask=Replies('{"best": 2}'))))
    whole = summary(found)
    assert (whole.n, whole.left, whole.right, whole.ties, whole.flips, whole.flip_rate) == (5, 3, 1, 1, 1, 0.2)
    assert whole.flip_ci95 == pytest.approx((0.0362, 0.6245), abs=1e-3)
    assert summary([]).flip_rate == 0


def test_the_same_text_needs_no_judge() -> None:
    replies = Replies("never asked")
    assert compare("", ["same", "same"], Judging(ask=replies)).side == "tie"
    assert replies.requests == []


def test_what_cannot_be_compared_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="2 to 20 answers"):
        compare("", ["one"], Judging(ask=Replies("x")))
    with pytest.raises(InvalidInput, match="is shown"):
        compare("", ["a" * 20_000, "b" * 20_000], Judging(ask=Replies("x")))
    with pytest.raises(JudgeFailed, match="gave no verdict"):
        compare("", ["a", "b"], Judging(ask=Replies("neither of them, I fear")))
    with pytest.raises(JudgeFailed, match="no verdict: gone"):
        compare("", ["a", "b"], Judging(ask=Replies(Output(error="gone"))))


def variants(*names: str) -> list[Variant]:
    message = [{"role": "user", "content": "Name a river in {{word}}."}]
    return [Variant.parse(name=name, model="smollm2", messages=message) for name in names]


BEST = Assertion(type="select-best", value="the most precise in {{word}}", weight=2)


def test_the_best_of_three_variants_passes() -> None:
    replies = Replies(by_content("Seine"))
    outputs = {"a": Output(text="The Alps"), "b": Output(text="The Seine"), "c": Output(text="Water")}
    found = judge_together(ROW, variants("a", "b", "c"), outputs, Judging(ask=replies), [BEST])
    assert {name: (each.passed, each.score) for name, (each,) in found.items()} == {
        "a": (False, 0.0), "b": (True, 1.0), "c": (False, 0.0),
    }  # fmt: skip
    assert found["a"][0].reason == "b was chosen. It says Seine."
    assert found["b"][0].weight == 2
    assert found["b"][0].details["chosen"] == ["b", "b"]
    assert "Criterion: the most precise in Paris" in replies.last
    assert "Name a river in Paris." in replies.last
    assert len(replies.requests) == 2
    assert compares([BEST]) and not compares([Assertion(type="is-json")])


def test_a_flip_or_a_tie_passes_nobody() -> None:
    outputs = {"a": Output(text="one"), "b": Output(text="two"), "c": Output(text="three")}
    flipped = judge_together(ROW, variants("a", "b", "c"), outputs, Judging(ask=Replies('{"best": 1}')), [BEST])
    assert {name: (each.passed, each.score) for name, (each,) in flipped.items()} == {
        "a": (False, 0.5), "b": (False, 0.0), "c": (False, 0.5),
    }  # fmt: skip
    assert flipped["b"][0].details["flipped"] is True
    tied = judge_together(ROW, variants("a", "b", "c"), outputs, Judging(ask=Replies('{"best": "tie"}')), [BEST])
    assert {each.score for (each,) in tied.values()} == {0.5}


def test_an_output_with_an_error_is_not_compared() -> None:
    outputs = {"a": Output(error="gone"), "b": Output(text="The Seine"), "c": Output(text="The Alps")}
    found = judge_together(ROW, variants("a", "b", "c"), outputs, Judging(ask=Replies(by_content("Seine"))), [BEST])
    assert found["a"][0].error == "There is no output: gone"
    assert found["b"][0].passed
    alone = judge_together(ROW, variants("b"), outputs, Judging(ask=Replies("x")), [BEST])
    assert alone["b"][0].error == "A judge compares 2 to 20 answers, not 1."


def test_facts_are_one_of_five_cases() -> None:
    for letter, passed in zip("ABCDE", (True, True, True, False, True), strict=True):
        replies = Replies(json.dumps({"reason": "so", "category": letter}))
        verdict = said("factuality", "Sacramento", judging=Judging(ask=replies))
        assert (verdict.passed, verdict.score) == (passed, float(passed))
        assert verdict.details["category"] == letter
        assert "Say Paris." in replies.last and "reference\nParis" in replies.last
    changed = {"factuality": {"superset": 0.6}}
    assert said("factuality", "x", "y", judging=Judging(ask=Replies("(B) more")), options=changed).score == 0.6


def test_a_criterion_is_met_or_not() -> None:
    met = said("model-graded-closedqa", "x", "is short", judging=Judging(ask=Replies("It is short.\nY\nY")))
    assert met.passed and met.reason.startswith("It is short.")
    assert not said("model-graded-closedqa", "x", "is long", judging=Judging(ask=Replies("It is short.\nN"))).passed


def test_grades_follow_steps_that_the_judge_thought_of() -> None:
    replies = Replies('{"steps": ["Read it.", "Grade it."]}', '{"score": 8, "reason": "clear"}')
    verdict = said("g-eval", "x", "is clear", judging=Judging(ask=replies))
    assert (verdict.passed, verdict.score) == (True, pytest.approx(0.8))
    assert "1. Read it.\n2. Grade it." in replies.last
    assert verdict.details["steps"] == ["Read it.", "Grade it."]
    assert not said("g-eval", "x", "is clear", judging=Judging(ask=Replies('{"steps": ["a"], "score": 6}'))).passed
    several = Replies('{"steps": ["a"], "score": 10}', '{"score": 10}', '{"steps": ["a"]}', '{"score": 5}')
    assert said("g-eval", "x", ["one", "two"], judging=Judging(ask=several)).score == pytest.approx(0.75)


def test_a_rubric_with_a_threshold_needs_both() -> None:
    reply = '{"pass": true, "score": 0.7, "reason": "good"}'
    assert said("llm-rubric", "x", "good", judging=Judging(ask=Replies(reply)), threshold=0.7).passed
    low = said("llm-rubric", "x", "good", judging=Judging(ask=Replies(reply)), threshold=0.8)
    assert (low.passed, low.score, low.reason) == (False, 0.7, "Its score is 0.7, below 0.8: good")


OWN = [
    "Judge {{output}} by {{rubric}} for {{word}}",
    [{"role": "system", "content": "Rules: {{rubric}}"}, {"role": "user", "content": "{{output}} {{word}}"}],
    '[{"role": "user", "content": "{{output}} by {{rubric}} for {{word}}"}]',
    [{"role": "system", "content": "{{output}} {{rubric}} {{word}}"}],
]


@pytest.mark.parametrize("own", OWN, ids=["text", "messages", "JSON", "system alone"])
def test_a_wording_of_ones_own_is_filled_as_text(own: Any) -> None:
    replies = Replies('{"pass": true}')
    output = "it {{rubric}} {{ word }}"
    assert said("llm-rubric", output, "clear", judging=Judging(ask=replies), options={"rubricPrompt": own}).passed
    chat = replies.requests[0].messages
    assert chat[-1].role == "user"
    whole = " ".join(each.content for each in chat)
    assert output in whole and "clear" in whole and "Paris" in whole


def test_a_wording_that_needs_what_the_row_lacks_is_an_error() -> None:
    verdict = said("llm-rubric", "x", "y", judging=Judging(ask=Replies("x")), options={"rubricPrompt": "{{nothing}}"})
    assert verdict.error is not None and "“nothing”" in verdict.error
