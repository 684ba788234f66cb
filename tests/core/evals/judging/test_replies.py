"""Verdicts in replies of judges, as good and as bad models write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.evals.judging.replies import choice, option, ruling, steps_in

RULINGS: list[tuple[str, bool, float]] = [
    ('{"reason": "ok", "pass": true, "score": 1.0}', True, 1.0),
    ('Sure!\n```json\n{"reason": "ok", "pass": false, "score": 0.2}\n```\nAnything else?', False, 0.2),
    ('{"pass": "yes"}', True, 1.0),
    ('{"pass": "FAIL", "score": "0.3"}', False, 0.3),
    ('{"pass": true, "score": 8}', True, 1.0),
    ('{"pass": true, "score": 0}', True, 0.0),
    ('{"score": 0.7}', True, 0.7),
    ('{"score": 0.4}', False, 0.4),
    ('{"reasoning": {"a": 1}, "pass": true}', True, 1.0),
    ('{"pass": true, "score": 1} {"pass": true, "score": 1}', True, 1.0),
    ('[{"pass": true, "score": 0.5}]', True, 0.5),
    ("It names the city, as asked.\n\nVerdict: PASS", True, 1.0),
    ("It does not.\n**Result: fail**", False, 0.0),
    ("The final verdict is: no.", False, 0.0),
    ("reasoning\nY", True, 1.0),
    ("true", True, 1.0),
]


@pytest.mark.parametrize(("reply", "passed", "score"), RULINGS, ids=[each[0][:40] for each in RULINGS])
def test_a_ruling_is_read(reply: str, passed: bool, score: float) -> None:
    found = ruling(reply)
    assert (found.passed, found.score) == (passed, pytest.approx(score))


@pytest.mark.parametrize(
    "reply",
    [
        *("", "maybe", "I would pass on this one, and so would you.", '{"passed": true}', '{"score": 5}'),
        *('{"score": "high"}', '{"score": 1e999}', '{"pass": true}\n{"pass": false}', "pass or fail?", "{" * 5000),
        "No. The answer that I would give is that it depends on very many things.",
    ],
)
def test_what_is_no_ruling_is_not_made_one(reply: str) -> None:
    with pytest.raises(InvalidInput):
        ruling(reply)


def test_another_scale_is_brought_to_0_and_1() -> None:
    assert ruling('{"score": 7, "reason": "so"}', 0, 10).score == pytest.approx(0.7)
    assert ruling('{"score": 4}', 0, 10).passed is False
    with pytest.raises(InvalidInput, match="not from 0 to 10"):
        ruling('{"score": 11}', 0, 10)


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ('{"category": "D", "reason": "x"}', "D"),
        ('{"category": "(b)"}', "B"),
        ("(C) The submitted answer contains all the same details.", "C"),
        ("I compare them.\nAnswer: E", "E"),
        ("A", "A"),
    ],
)
def test_a_letter_is_read(reply: str, letter: str) -> None:
    assert option(reply, "ABCDE", ("category",))[0] == letter


@pytest.mark.parametrize("reply", ["", '{"category": "F"}', "A or B", '{"category": "A"} {"category": "B"}', "Fine."])
def test_what_is_no_letter_is_not_made_one(reply: str) -> None:
    with pytest.raises(InvalidInput):
        option(reply, "ABCDE", ("category",))


@pytest.mark.parametrize(
    ("reply", "best"),
    [
        ('{"reason": "x", "best": 2}', 2),
        ('{"best": "1"}', 1),
        ('{"winner": "B"}', 2),
        ('{"best": "tie"}', None),
        ('{"best": 0}', None),
        ("The second is better.\nBest: 2", 2),
        ("Both are fine.\nWinner: tie", None),
    ],
)
def test_a_choice_is_read(reply: str, best: int | None) -> None:
    assert choice(reply, 3)[0] == best


@pytest.mark.parametrize(
    "reply", ["", '{"best": 4}', '{"best": -1}', '{"best": 1.5}', "2 or 3", '{"best": [1]}', "Best: -1", "1.5"]
)
def test_what_is_no_choice_is_not_made_one(reply: str) -> None:
    with pytest.raises(InvalidInput):
        choice(reply, 3)


def test_steps_are_read() -> None:
    assert steps_in('{"steps": ["one", 2, " two "]}') == ("one", "two")
    for reply in ("", '{"steps": []}', '{"steps": "one"}', "1. one"):
        with pytest.raises(InvalidInput):
            steps_in(reply)


@given(st.text(max_size=300) | st.text('{}[]":,passcoretrufl0159 \n', max_size=300))
def test_any_text_is_a_verdict_or_a_sentence(reply: str) -> None:
    readers: list[Any] = [ruling, lambda text: option(text, "YN", ("verdict",)), lambda text: choice(text, 2)]
    for read in readers:
        try:
            read(reply)
        except InvalidInput as error:
            assert str(error).endswith(".")
