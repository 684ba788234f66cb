"""Citations as models write them, and sentences against what stands in passages."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.answering import groundedness
from core.documents.answering.markers import claims, markers, without_markers
from core.documents.answering.sentences import sentences
from core.documents.answering.support import support

LIGHTHOUSE = (
    "The lighthouse at Skerry Point was designed by Anna Lindqvist. It is 41 metres tall.\n\n"
    "In 1923 its lamp was replaced by an electric lamp of 1,000 watts."
)
BREAD = "Bake the bread for 20 minutes at 250 °C with steam. Wait a day before you cut it."


@pytest.mark.parametrize(
    ("answer", "numbers", "unknown"),
    [
        ("It is blue [1].", [1], []),
        ("A [1, 3] b [2-3] c.", [1, 3, 2, 3], []),
        ("A [1][2] b.", [1, 2], []),
        ("A [passage 2], [Source #3], [doc. 1].", [2, 3, 1], []),
        ("A 【1】 b 【2†source】.", [1, 2], []),
        ("A [4] b [0] c [1; 99].", [1], [4, 0, 99]),
        ("In [2020] it was [1-900].", [1], [900]),
        ("a[i] = [] [x] (1) [1.5] [-1] [1](https://evil/)", [1], []),
        ("", [], []),
    ],
)
def test_what_is_a_citation(answer: str, numbers: list[int], unknown: list[int]) -> None:
    found = markers(answer, 3)
    assert [number for each in found for number in each.numbers] == numbers
    assert [number for each in found for number in each.unknown] == unknown
    assert all(answer[each.start] in "[【" and answer[each.end - 1] in "]】" for each in found)


def test_a_citation_belongs_to_the_sentence_it_stands_in_or_behind() -> None:
    answer = "It is blue [1]. It is red. [2] One.[3][1] Two.\n- item [2]"
    found = [(answer[each.start : each.end], each.cites) for each in claims(answer, 3)]
    assert found == [
        ("It is blue [1].", (1,)),
        ("It is red. [2]", (2,)),
        ("One.[3][1]", (3, 1)),
        ("Two.", ()),
        ("- item [2]", (2,)),
    ]
    assert without_markers("It is blue [1] .") == "It is blue."


@given(st.text(alphabet="ab .?!\n[]123【】,-", max_size=60))
def test_sentences_and_claims_lie_in_order_and_hold_everything(text: str) -> None:
    spans = sentences(text)
    assert "".join("".join(text[s.start : s.end].split()) for s in spans) == "".join(text.split())
    for first, second in itertools.pairwise(spans):
        assert first.end <= second.start
    found = claims(text, 3)
    for one, two in itertools.pairwise(found):
        assert one.start < one.end <= two.start
    cited = {number for each in found for number in each.cites}
    assert cited <= {number for each in markers(text, 3) for number in each.numbers}


def test_a_sentence_is_found_in_its_passage_and_the_evidence_is_exact() -> None:
    answer = "Anna Lindqvist designed the Skerry Point lighthouse. The bread is baked at 250 °C for 20 minutes. Yes."
    first, second, third = support(answer, [BREAD, LIGHTHOUSE])
    assert (first.passage, second.passage) == (1, 0)
    assert first.evidence is not None and second.evidence is not None
    shown = LIGHTHOUSE[first.evidence.start : first.evidence.end]
    assert shown == "The lighthouse at Skerry Point was designed by Anna Lindqvist."
    assert BREAD[second.evidence.start : second.evidence.end].startswith("Bake the bread")
    assert not third.claim and not third.supported
    assert groundedness(answer, [BREAD, LIGHTHOUSE]) == 1
    assert groundedness(answer, [BREAD]) == 0.5
    assert groundedness("Yes. Sure!\n\n## The best bread", [BREAD]) is None
    assert groundedness(answer, []) == 0


def test_a_number_that_the_passage_lacks_is_no_support() -> None:
    right, wrong = support("The lighthouse is 41 metres tall. The lighthouse is 47 metres tall.", [LIGHTHOUSE])
    assert right.supported
    assert not wrong.supported
    assert wrong.missing == ("47",)
    (thousand,) = support("In 1923 it got an electric lamp of 1000 watts.", [LIGHTHOUSE])
    assert thousand.supported


def test_the_passage_that_the_model_cites_comes_first_of_those_that_support_it() -> None:
    twice = [LIGHTHOUSE, f"{LIGHTHOUSE} {BREAD}"]
    (one,) = support("The lighthouse at Skerry Point was designed by Anna Lindqvist [2].", twice)
    assert (one.passage, one.cites, one.cited_support) == (1, (1,), True)
    (other,) = support("The lighthouse at Skerry Point was designed by Anna Lindqvist [1].", [BREAD, LIGHTHOUSE])
    assert (other.passage, other.cites, other.cited_support) == (1, (0,), False)
