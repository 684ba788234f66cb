"""Metrics, votes and intervals: what is right, what is the same, how sure it is."""

from __future__ import annotations

import math
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.errors import InvalidInput
from core.evals.scorers import METRICS, Mean, correct, vote, wilson

CASES: dict[str, list[tuple[str, str | list[str], float]]] = {
    "exact": [
        (" (E)\n", "(E)", 1),
        ("yes", "Yes", 0),
        ("18.0", "18", 0),
        ("b", ["a", "b"], 1),
        ("b", ["a", "c"], 0),
    ],
    "numeric": [
        ("$1,200", "1200", 1),
        ("1,200.00", "1200", 1),
        ("3/4", "0.75", 1),
        ("-3/4", "-.75", 1),
        ("3 / 4", "0.75", 1),
        ("3/0", "3", 0),
        ("3/4 of it", "3", 1),
        ("about 5 or 6", "5", 1),
        ("16-7", "16", 1),
        ("18", "18.0", 1),
        ("120006", "120000", 0),
        ("1000000.9", "1000000", 1),
        ("1000001.1", "1000000", 0),
        ("0.1000009", "0.1", 1),
        ("0.1000011", "0.1", 0),
        ("1e-07", "0", 1),
        ("1e+20", "100000000000000000000", 1),
        ("1e400", "1e400", 1),
        ("1e400", "1e401", 0),
        ("9" * 5000, "9" * 5000, 1),
        ("9" * 5000, "8" * 5000, 0),
        ("1e99999999999999999999999", "5", 0),
        ("inf", "inf", 0),
        ("nan", "nan", 0),
        ("five", "five", 0),
        ("3,4", "3", 1),
    ],
    "letter": [
        ("(A)", "A", 1),
        ("a", "(A)", 1),
        ("D) 42 km/h", "D", 1),
        ("B", "A", 0),
        ("1", "1", 0),
        ("42", "A", 0),
    ],
    "qa-em": [
        ("The Eiffel Tower!", "eiffel tower", 1),
        ("Jonny Craig", 'Jonny" Craig', 1),
        ("U.S.", "us", 1),
        ("a  b", "b", 1),
        ("theatre", "atre", 0),
        ("New-York", "New York", 0),
    ],
    "qa-f1": [
        ("the old town", "old town", 1),
        ("old town of Paris", "old town", 2 * 0.5 * 1 / 1.5),
        ("yes it is", "yes", 0),
        ("no", "no", 1),
        ("no way", "yes", 0),
        ("noanswer", "town", 0),
        ("town town", "town", 2 * 0.5 * 1 / 1.5),
        ("Rome", "Paris", 0),
        ("old town", ["Rome", "the old town hall"], 2 * 1 * (2 / 3) / (5 / 3)),
    ],
    "contains": [
        ("It is the Eiffel Tower, I think.", "Eiffel tower", 1),
        ("It is Paris", ["Rome", "Paris"], 1),
        ("Paris", "Paris, France", 0),
        ("It is Paris", "the", 0),
        ("It is Paris", "", 0),
    ],
}
"""By metric: an answer, the target, how right it is."""


@pytest.mark.parametrize(
    ("metric", "answer", "target", "right"), [(metric, *case) for metric, cases in CASES.items() for case in cases]
)
def test_how_right_an_answer_is(metric: str, answer: str, target: str | list[str], right: float) -> None:
    assert correct(metric, answer, target) == pytest.approx(right, abs=1e-12)


def test_every_metric_has_cases_and_says_what_it_does_and_where_it_comes_from() -> None:
    assert set(CASES) == set(METRICS)
    for metric in METRICS.values():
        assert metric.what.endswith(".")
        assert len(metric.source) > 20


WORDS = st.one_of(
    st.text(max_size=12),
    st.lists(st.sampled_from(["the", "a", "yes", "no", "old", "town", "1,200", "3/4", "-5", "B"]), max_size=4).map(
        " ".join
    ),
)


@pytest.mark.parametrize("metric", METRICS)
@given(answer=st.none() | WORDS, targets=st.lists(WORDS, min_size=1, max_size=3))
def test_a_score_is_the_best_over_the_targets(metric: str, answer: str | None, targets: list[str]) -> None:
    score = correct(metric, answer, targets)
    assert 0 <= score <= 1
    assert score == max(correct(metric, answer, target) for target in targets)
    assert METRICS[metric].graded or score in (0, 1)
    if answer is None or not answer.strip():
        assert score == 0


@given(answer=WORDS, target=WORDS)
def test_what_is_equal_is_contained_and_shares_all_words(answer: str, target: str) -> None:
    equal = correct("qa-em", answer, target)
    assert correct("qa-f1", answer, target) >= equal
    assert correct("contains", answer, target) >= equal
    assert correct("qa-em", target, answer) == equal or not answer.strip() or not target.strip()


@given(answer=WORDS, target=WORDS)
def test_f1_is_hotpotqas(answer: str, target: str) -> None:
    """hotpot_evaluate_v1.py, written out; it leaves texts of which nothing remains at 0 even when they are equal."""

    def words(text: str) -> list[str]:
        text = "".join(character for character in text.lower() if character not in set(string.punctuation))
        return [word for word in text.split() if word not in ("a", "an", "the")]

    given_words, right_words = words(answer), words(target)
    shared = sum((Counter(given_words) & Counter(right_words)).values())
    verdicts = (["yes"], ["no"], ["noanswer"])
    expected = 0.0
    if shared and not (given_words != right_words and (given_words in verdicts or right_words in verdicts)):
        precision, recall = shared / len(given_words), shared / len(right_words)
        expected = 2 * precision * recall / (precision + recall)
    # The articles of the original are words between word boundaries, of which other scripts have more.
    if (given_words or right_words) and (answer + target).isascii():
        assert correct("qa-f1", answer, target) == pytest.approx(expected)


@given(
    value=st.integers(-(10**12), 10**12), factor=st.sampled_from([0, 0.5e-6, 0.9e-6, 1.1e-6, 2e-6, -0.9e-6, -1.1e-6])
)
def test_numbers_may_be_a_millionth_apart(value: int, factor: float) -> None:
    answer = f"{value + factor * max(1, abs(value)):.9f}"
    assert correct("numeric", answer, f"{value:,}") == float(abs(factor) < 1e-6)


def test_an_unknown_metric_is_named() -> None:
    for call in (lambda: correct("f1", "a", "a"), lambda: vote(["a"], "f1")):
        with pytest.raises(InvalidInput, match="no metric 'f1'; choose one of exact, numeric"):
            call()


def test_a_vote_counts_what_the_metric_calls_equal() -> None:
    won = vote(["5", None, "4", "4.0", "$4", "5.00", "", "6"], "numeric")
    assert (won.answer, won.count) == ("4", 3)
    assert won.groups == (("4", 3, (2, 3, 4)), ("5", 2, (0, 5)), ("6", 1, (7,)))


def test_of_tied_answers_the_first_seen_wins() -> None:
    assert vote(["b", "a", "a", "b"], "exact").answer == "b"
    assert vote(["x", "a", "b", "b", "a"], "exact").groups[0][0] == "a"


def test_nobody_voted() -> None:
    assert vote([None, ""], "exact") == vote([], "exact")
    assert vote([], "exact").answer is None


def test_the_same_text_is_one_answer_even_where_it_is_no_number() -> None:
    assert vote(["4", "none", "none"], "numeric").answer == "none"


def test_a_longer_answer_is_not_the_one_that_it_contains() -> None:
    assert [group[1] for group in vote(["Paris, France", "Paris", "paris"], "contains").groups] == [2, 1]


@pytest.mark.parametrize("metric", METRICS)
@given(answers=st.lists(st.none() | WORDS, max_size=12))
def test_every_answer_is_in_one_group(metric: str, answers: list[str | None]) -> None:
    won = vote(answers, metric)
    members = sorted(place for _, _, places in won.groups for place in places)
    assert members == [place for place, answer in enumerate(answers) if answer is not None and answer.strip()]
    assert [count for _, count, _ in won.groups] == sorted((len(places) for _, _, places in won.groups), reverse=True)
    for answer, count, places in won.groups:
        assert count == len(places)
        assert list(places) == sorted(places)
        assert answers[places[0]] == answer
    if won.groups:
        assert (won.answer, won.count) == won.groups[0][:2]


@given(n=st.integers(1, 3000), share=st.floats(0, 1))
def test_wilson_is_scipys(n: int, share: float) -> None:
    right = round(share * n)
    expected = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson(right, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_at_the_ends() -> None:
    assert wilson(0, 0) == (0, 1)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == 1
    assert wilson(34, 100) == pytest.approx((0.2546, 0.4372), abs=1e-4)


@given(values=st.lists(st.floats(0, 1), min_size=2, max_size=50).filter(lambda values: any(0 < v < 1 for v in values)))
def test_the_interval_of_a_mean_is_students(values: list[float]) -> None:
    mean = Mean()
    for value in values:
        mean.add(value)
    assert mean.value == pytest.approx(math.fsum(values) / len(values))
    low, high = mean.interval()
    assert 0 <= low <= mean.value + 1e-12
    assert mean.value - 1e-12 <= high <= 1
    error = float(stats.sem(values))
    if error > 1e-9:
        expected = stats.t.interval(0.95, len(values) - 1, loc=mean.value, scale=error)
        assert (low, high) == pytest.approx((max(0, expected[0]), min(1, expected[1])), abs=1e-6)


def test_a_mean_of_verdicts_has_wilsons_interval() -> None:
    mean = Mean()
    for value in (1.0, 0.0, 1.0, 1.0):
        mean.add(value)
    assert mean.interval() == pytest.approx(wilson(3, 4))
    only = Mean()
    only.add(0.5)
    assert only.interval() == (0, 1)
