"""How near an output is to a reference: edits, ROUGE against the package rouge-score, embeddings, Loupe's metrics."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, NotFound
from core.evals.assertion import Assertion
from core.evals.assertions import Case, Judging, judge, prepare
from core.evals.assertions.sequences import common, distance
from core.evals.assertions.types.rouge import rouge_l, rouge_n, words
from core.evals.judging import vectors
from core.evals.output import Output
from tests.core.evals.assertions.saying import ROW, VARIANT, passes, said

PUBLISHED = (
    # output, reference, then precision, recall and F1 of ROUGE-1, -2, -3 and -L: the package rouge-score 0.1.2
    ('The quick brown dog jumps on the log.', 'The quick brown fox jumps over the lazy dog',
     (0.75, 0.666667, 0.705882), (0.285714, 0.25, 0.266667), (0.166667, 0.142857, 0.153846),
     (0.625, 0.555556, 0.588235)),
    ('police kill the gunman', 'police killed the gunman',
     (0.75, 0.75, 0.75), (0.333333, 0.333333, 0.333333), (0, 0, 0), (0.75, 0.75, 0.75)),
    ('the gunman kill police', 'police killed the gunman',
     (0.75, 0.75, 0.75), (0.333333, 0.333333, 0.333333), (0, 0, 0), (0.5, 0.5, 0.5)),
    ('a a', 'a a a a',
     (1, 0.5, 0.666667), (1, 0.333333, 0.5), (0, 0, 0), (1, 0.5, 0.666667)),
    ('testing', 'testing one two',
     (1, 0.333333, 0.5), (0, 0, 0), (0, 0, 0), (1, 0.333333, 0.5)),
    ('', '',
     (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)),
    ('', 'one',
     (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)),
    ('one', '!!! ???',
     (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)),
    ('it s 3 14 isn t it', "It's 3.14, isn't it?",
     (1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    ('snake case and camelcase', 'snake_case and CamelCase',
     (1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    ('Far away, in a galaxy, a long time ago', 'A long time ago in a galaxy far, far away',
     (1, 0.9, 0.947368), (0.75, 0.666667, 0.705882), (0.428571, 0.375, 0.4), (0.444444, 0.4, 0.421053)),
    ('six five four three two one', 'one two three four five six',
     (1, 1, 1), (0, 0, 0), (0, 0, 0), (0.166667, 0.166667, 0.166667)),
    ('The cat and the dog sat on the mat and on the log.', 'The cat sat on the mat. The dog sat on the log.',
     (0.846154, 0.916667, 0.88), (0.666667, 0.727273, 0.695652), (0.454545, 0.5, 0.47619), (0.692308, 0.75, 0.72)),
    ('d b c a a b d c b c c b d d b c c e d b e a c d a', 'b a d a c b a c a c a a c e a b d e c b e a e b a a b e a c',
     (0.8, 0.666667, 0.727273), (0.458333, 0.37931, 0.415094), (0.217391, 0.178571, 0.196078), (0.6, 0.5, 0.545455)),
    ('b b e a c c e e e b c b e e a a b b c c b a c b c', 'c a d d c e b d c c c e e c d a d d e e b b d a c a a a d a',
     (0.76, 0.633333, 0.690909), (0.375, 0.310345, 0.339623), (0.130435, 0.107143, 0.117647), (0.48, 0.4, 0.436364)),
    ('b a e e c c a a b b e a a e c a c a c e e d b b a', 'e d c d d a e d e d b b a d a a b a b a a a a b a e d a b b',
     (0.76, 0.633333, 0.690909), (0.458333, 0.37931, 0.415094), (0.26087, 0.214286, 0.235294), (0.6, 0.5, 0.545455)),
)  # fmt: skip


@pytest.mark.parametrize("row", PUBLISHED, ids=[each[0][:30] or "empty" for each in PUBLISHED])
def test_rouge_is_that_of_the_package(row: tuple[Any, ...]) -> None:
    output, reference, *figures = row
    scores = [*(rouge_n(output, reference, n) for n in (1, 2, 3)), rouge_l(output, reference)]
    for score, figure in zip(scores, figures, strict=True):
        assert (score.precision, score.recall, score.f1) == pytest.approx(figure, abs=1e-6)


def test_words_of_rouge_go_beyond_ascii() -> None:
    assert words("Größe, naïve 東京です!") == ["größe", "naïve", "東", "京", "で", "す"]
    assert words("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert rouge_l("東京は首都", "首都は東京").f1 == pytest.approx(0.4)


def test_rouge_as_promptfoo_documents_it() -> None:
    assert passes("rouge-n", "hello world", "hello world")
    assert not passes("rouge-n", "hello there", "hello world")
    assert passes("rouge-n", "hello there", "hello world", threshold=0.5)
    assert passes("rouge-n", "The Cat Sat", "the cat sat", threshold=1)
    assert passes("not-rouge-n", "hello there", "hello world", threshold=0.75)
    assert said("rouge-n", "hello big world", "hello world", options={"n": 2}).score == 0
    assert said("rouge-n", "hello big world", "hello world", options={"measure": "f1"}).score == pytest.approx(0.8)
    assert said("rouge-l", "b a", ["x", "a b", "a"]).score == pytest.approx(2 / 3)


def edits(one: str, other: str) -> int:
    """The usual table."""
    before = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        now = [row]
        for column, right in enumerate(other, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (left != right)))
        before = now
    return before[-1]


def longest(one: str, other: str) -> int:
    before = [0] * (len(other) + 1)
    for left in one:
        now = [0]
        for column, right in enumerate(other, 1):
            now.append(before[column - 1] + 1 if left == right else max(before[column], now[-1]))
        before = now
    return before[-1]


@given(st.text("abcé🙂", max_size=20), st.text("abcé🙂", max_size=20))
def test_bits_agree_with_the_table(one: str, other: str) -> None:
    assert distance(one, other) == edits(one, other) == distance(other, one)
    assert common(one, other) == longest(one, other)


def test_long_texts_are_compared_and_too_long_ones_are_an_error() -> None:
    draw = random.Random(1)
    one = "".join(draw.choices("abc ", k=5000))
    changed = one[:100] + "X" + one[101:4000] + one[4001:] + "end"
    assert distance(one, changed) == 5
    with pytest.raises(InvalidInput, match="too long"):
        distance("a" * 100_000, "b" * 100_000)
    assert said("levenshtein", "a" * 10**6, "b").error is None  # far apart by length alone


@pytest.mark.parametrize(
    ("output", "value", "threshold", "right"),
    [
        ("hello world", "hello world", None, True),
        ("kitten", "sitting", 3, True),
        ("kitten", "sitting", 2, False),
        ("abcdef", "ghijkl", None, False),
        ("abcde", "ghijk", None, True),
        ("a", "b", 0, False),
        ("", "", 0, True),
        ("colour", ["xxxxxxxxxxxx", "color"], 1, True),
    ],
)
def test_levenshtein(output: str, value: Any, threshold: float | None, right: bool) -> None:
    assert passes("levenshtein", output, value, threshold=threshold) is right
    assert passes("not-levenshtein", output, value, threshold=threshold) is not right


def test_similar_is_the_cosine_of_minilm_with_the_nearest_reference() -> None:
    near = said("similar", "A man is eating food.", ["The sky is blue.", "A man is eating a piece of bread."])
    assert near.passed
    assert near.details["cosine"] == pytest.approx(0.7553, abs=5e-3)  # sentence-transformers' own documentation
    assert not passes("similar", "A man is eating food.", "A cheetah is running behind its prey.")
    assert passes("not-similar", "A man is eating food.", "A cheetah is running behind its prey.")
    assert said("similar", "", "Paris").error is None


def test_many_outputs_are_embedded_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    embed = vectors._embed

    def counted(embedding: str, texts: list[str]) -> Any:
        batches.append(len(texts))
        return embed(embedding, texts)

    monkeypatch.setattr(vectors, "_embed", counted)
    judging = Judging()
    cases = [Case(ROW, VARIANT, Output(text=f"Paris {number}"), judging) for number in range(5)]
    demands = [Assertion(type="similar", value="{{word}}"), Assertion(type="similar", value="{{missing}}")]
    prepare([*cases, Case(ROW, VARIANT, Output(error="gone"), judging)], judging, demands)
    assert batches == [6]
    for case in cases:
        first, second = judge(ROW, VARIANT, case.output, judging, demands)
        assert first.error is None
        assert second.error == "The value of the assertion needs a variable “missing”."
    assert batches == [6]


def test_the_vectors_kept_are_bounded() -> None:
    kept = vectors.Vectors(most=2)
    kept.add("minilm", ["a", "b", "c"])
    assert len(kept._kept) == 2
    assert len(kept.of("minilm", ["a", "b", "a"])) == 3


def test_an_embedding_model_that_is_not_there_is_an_error_of_the_verdict() -> None:
    verdict = said("similar", "x", "y", options={"provider": "hf:nobody/nothing"})
    assert verdict.error is not None and not verdict.passed
    judging = Judging(embedding="hf:nobody/nothing")
    prepare([Case(ROW, VARIANT, Output(text="x"), judging)], judging, [Assertion(type="similar", value="y")])
    with pytest.raises(NotFound):
        judging.vectors.add("hf:nobody/nothing", ["x"])


ANSWERS: list[tuple[str, dict[str, Any], str, bool]] = [
    ("exact", {}, " Paris\n", True),
    ("exact", {}, "paris", False),
    ("qa-em", {}, "The Paris!", True),
    ("numeric", {"value": 18}, "It is $18.00", True),
    ("numeric", {"value": ["17", "18"]}, "18", True),
    ("numeric", {"value": "1,200"}, "1200.5", False),
    ("numeric", {"value": "42", "extract": "last-number"}, "First 7, then 42", True),
    ("letter", {"value": "B", "extract": "letter"}, "The answer is (B).", True),
    ("letter", {"value": "B"}, "(b)", True),
    ("qa-f1", {"value": "Paris France"}, "Paris", True),
    ("qa-f1", {"value": "Paris France", "threshold": 0.7}, "Paris", False),
    ("extract", {"value": "B", "extract": "letter"}, "so the answer is (B)", True),
    ("extract", {"value": "4.0", "extract": "boxed", "options": {"compare": "numeric"}}, r"\boxed{4}", True),
    ("extract", {"value": "4.0", "extract": "boxed"}, r"\boxed{4}", False),
    ("extract", {"extract": "regex:is (.*)", "options": {"compare": "contains"}}, "it is paris, france", True),
]


@pytest.mark.parametrize(("kind", "more", "output", "right"), ANSWERS, ids=[f"{each[0]} {each[2]}" for each in ANSWERS])
def test_metrics_of_loupe_judge_outputs(kind: str, more: dict[str, Any], output: str, right: bool) -> None:
    assert passes(kind, output, **more) is right
    assert passes(f"not-{kind}", output, **more) is not right


def test_a_rule_that_finds_nothing_passes_neither_way() -> None:
    for kind in ("contains", "not-contains", "exact", "not-exact"):
        verdict = said(kind, "no number here", "7", extract="last-number")
        assert not verdict.passed and verdict.error is None
        assert verdict.reason == "The rule last-number finds no answer in the output."


def test_any_type_looks_at_the_part_that_a_rule_finds() -> None:
    verdict = said("equals", "I think 3, no: 42.", "42", extract="last-number")
    assert verdict.passed
    assert verdict.details["extracted"] == "42"
