"""Texts in an output: contains and its relatives, beginnings and ends, equality, patterns, lengths."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.evals.json_text import canonical
from core.evals.output import Output
from core.evals.scorers import patterns
from tests.core.evals.assertions.saying import passes, said

HUGE = "word " * 400_000
YES: list[tuple[str, Any, str]] = [
    ("contains", "Paris", "It is Paris."),
    ("contains", 0, "0 apples"),
    ("contains", 3.5, "about 3.5 km"),
    ("contains", True, "it is true"),
    ("contains", "東京", "首都は東京です"),
    ("contains", "🙂", "ok 🙂🙃"),
    ("contains", " \n", "a \nb"),
    ("contains", "word word", HUGE),
    ("icontains", "paris", "PARIS"),
    ("icontains", "STRASSE", "die Straße"),
    ("icontains", "ΟΔΟΣ", "οδος"),
    ("contains-any", ["x", "b"], "abc"),
    ("contains-any", "x, b", "abc"),
    ("contains-any", '"1,000", 2', "it costs 1,000"),
    ("contains-all", ["a", "c"], "abc"),
    ("contains-all", ["1,000", "in stock"], "1,000 in stock"),
    ("contains-all", [1, 2], "1 and 2"),
    ("icontains-any", ["X", "B"], "abc"),
    ("icontains-all", ["A", "C"], "abc"),
    ("starts-with", "Yes", "Yes, of course"),
    ("ends-with", "end.", "This is the end."),
    ("equals", "Paris", "Paris"),
    ("equals", "", ""),
    ("equals", 42, "42"),
    ("equals", False, "false"),
    ("equals", {"a": 1, "b": [1, 2]}, '{"b": [1.0, 2], "a": 1}'),
    ("equals", [], " [] "),
    ("regex", r"\d{4}", "in 1989"),
    ("regex", r"^Hello.*world$", "Hello big world"),
    ("regex", r"(?<year>\d{4}) \k<year>", "1989 1989"),
    ("regex", "(?i)paris", "PARIS"),
    ("regex", "東.", "東京"),
    ("word-count", 3, "one two\nthree"),
    ("word-count", "3", "one two three"),
    ("word-count", {"min": 2, "max": 3}, "one two three"),
    ("word-count", {"max": 0}, " \n "),
    ("word-count", {"min": 400_000}, HUGE),
    ("length", 2, "東京"),
    ("length", {"max": 3}, "🙂"),
]
NO: list[tuple[str, Any, str]] = [
    ("contains", "paris", "Paris"),
    ("contains", "a", ""),
    ("contains", "é", "e\u0301"),
    ("icontains", "rome", "PARIS"),
    ("contains-any", ["x", "y"], "abc"),
    ("contains-all", ["a", "x"], "abc"),
    ("icontains-all", ["A", "X"], "abc"),
    ("starts-with", "Yes", " Yes"),
    ("ends-with", "end.", "This is the end.\n"),
    ("equals", "Paris", "Paris "),
    ("equals", {"a": 1}, '{"a": true}'),
    ("equals", {"a": 1}, '{"a": 1} '[:-2]),
    ("equals", [1, 2], "[2, 1]"),
    ("equals", {"a": None}, "{}"),
    ("regex", "^b", "ab"),
    ("word-count", 3, "one two"),
    ("word-count", {"min": 1}, ""),
    ("length", {"min": 3}, "東京"),
]


def named(rows: list[tuple[str, Any, str]]) -> list[str]:
    return [f"{kind} {str(value)[:20]!r} in {output[:20]!r}" for kind, value, output in rows]


@pytest.mark.parametrize(("kind", "value", "output"), YES, ids=named(YES))
def test_it_passes_and_its_negation_does_not(kind: str, value: Any, output: str) -> None:
    assert passes(kind, output, value)
    assert not passes(f"not-{kind}", output, value)


@pytest.mark.parametrize(("kind", "value", "output"), NO, ids=named(NO))
def test_it_fails_and_its_negation_does_not(kind: str, value: Any, output: str) -> None:
    assert not passes(kind, output, value)
    assert passes(f"not-{kind}", output, value)


def test_a_reason_says_what_was_missed() -> None:
    assert said("contains", "Rome", "Paris").reason == "It does not contain “Paris”."
    assert said("contains-all", "a", ["a", "b", "c"]).reason == "It does not contain “b”, “c”."
    assert said("equals", "Paris\n", "Paris").reason == "It is “Paris” apart from white space."
    assert said("word-count", "a b", {"max": 1}).reason == "It has 2 words; at most 1 wanted."
    long = said("contains", "x", "y" * 10_000)
    assert len(long.reason) < 200


def test_what_is_nested_too_deeply_is_not_equal() -> None:
    deep = "[" * 700 + "]" * 700
    assert said("equals", deep, [1]).reason in ("It is nested too deeply.", "As JSON it is another value.")
    assert said("is-json", f"[{deep}, 1]", {"uniqueItems": True}).passed is False


def test_words_and_tokens_are_units_of_length_too() -> None:
    output = Output(text="one two three", completion_tokens=7)
    assert passes("length", output, 3, options={"unit": "words"})
    assert passes("length", output, 7, options={"unit": "tokens"})
    with pytest.raises(InvalidInput, match="whole output only"):
        said("length", output, 7, options={"unit": "tokens"}, extract="last-number")


def test_a_pattern_that_would_take_years_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.2)
    verdict = said("regex", "a" * 5000 + "b", "(a|aa)+$")
    assert verdict.error is not None and "takes longer than" in verdict.error
    assert not verdict.passed
    assert not said("not-regex", "a" * 5000 + "b", "(a|aa)+$").passed


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
@settings(max_examples=50)
def test_json_equals_itself_however_it_is_written(value: Any) -> None:
    again = json.loads(json.dumps(value, indent=1))
    assert canonical(again) == canonical(value)


@given(st.text(), st.text(min_size=1))
def test_what_an_output_starts_and_ends_with_it_contains(output: str, value: str) -> None:
    for kind in ("starts-with", "ends-with", "equals"):
        if passes(kind, output, value, known=False):
            assert passes("contains", output, value, known=False)
    assert passes("icontains", output + value.upper(), value.lower()) or value.upper().lower() != value.lower()
