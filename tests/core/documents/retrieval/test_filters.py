"""Conditions: what they mean, and what is said about those that mean nothing."""

from __future__ import annotations

from typing import Any

import chromadb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.documents.retrieval.filters import matches, normalised, parse
from core.errors import InvalidInput

ROW = {"source": "a.pdf", "page": 3, "kind": "pdf", "title": "A", "year": 2020, "draft": False, "share": 0.5}


@pytest.mark.parametrize(
    "where",
    [
        {"source": "a.pdf"},
        {"page": {"$gte": 3}},
        {"page": {"$gt": 2, "$lt": 4}},
        {"year": {"$gt": 2019.5}},
        {"year": 2020.0},
        {"share": {"$lte": 0.5}},
        {"draft": False},
        {"kind": {"$in": ["pdf", "docx"]}},
        {"kind": {"$ne": "docx"}},
        {"author": {"$ne": "somebody"}},
        {"author": {"$nin": ["somebody", 3]}},
        {"$or": [{"page": 9}, {"source": "a.pdf", "kind": "pdf"}]},
        {"$and": [{"page": {"$in": [1, 3]}}]},
        {},
    ],
)
def test_what_is_met(where: dict[str, Any]) -> None:
    assert matches(normalised(where), ROW)


@pytest.mark.parametrize(
    "where",
    [
        {"source": "A.PDF"},
        {"page": {"$gt": 3}},
        {"page": 2.5},
        {"year": {"$in": [2019, 2021.0]}},
        {"year": "2020"},
        {"draft": 0},
        {"author": "somebody"},
        {"author": {"$gt": 1}},
        {"source": "a.pdf", "page": 4},
        {"kind": {"$nin": ["pdf"]}},
    ],
)
def test_what_is_not_met(where: dict[str, Any]) -> None:
    assert not matches(normalised(where), ROW)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("source", "where is"),
        ({"page": {"$gt": "3"}}, "$gt compares numbers"),
        ({"page": "three"}, "page is a number"),
        ({"source": 3}, "source is a text"),
        ({"$not": [{"page": 1}]}, "$and or $or"),
        ({"page": {"$contains": 1}}, "use one of $eq"),
        ({"page": {"$in": []}}, "at least one value"),
        ({"page": {}}, "needs a value"),
        ({"page": None}, "not null"),
        ({"year": [1, 2]}, "not [1, 2]"),
        ({"$and": {"page": 1}}, "$and needs a list"),
        ({"$or": [3]}, "$or needs conditions"),
        ({"year": float("nan")}, "beyond"),
        ({"year": 2**60}, "beyond"),
        ({"#document": "x"}, "where a field"),
        ({"name": {"$in": ["x"] * 600}}, "more than 500"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(where: Any, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalised(where)
    assert says in str(refused.value)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_deep_nesting_ends_in_a_sentence() -> None:
    where: dict[str, Any] = {"page": 1}
    for _ in range(3000):
        where = {"$and": [where, {"page": 1}]}
    with pytest.raises(InvalidInput, match="20 levels"):
        normalised(where)


@pytest.mark.parametrize("text", ["{", "[1]", "null", "3", '{"page": NaN}', "[" * 100_000])
def test_text_that_is_no_condition(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


TEXTS = st.sampled_from(["a", "b", "A", ""])
NUMBERS = st.sampled_from([0, 1, 2, -1])
VALUES = st.one_of(TEXTS, NUMBERS, st.booleans())
FIELDS = ("one", "two", "three")


@st.composite
def conditions(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    if depth < 3 and draw(st.booleans()):
        return {
            draw(st.sampled_from(["$and", "$or"])): [
                draw(conditions(depth + 1)) for _ in range(draw(st.integers(2, 3)))
            ]
        }
    field, operator = (
        draw(st.sampled_from(FIELDS)),
        draw(st.sampled_from(["", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"])),
    )
    if operator == "":
        return {field: draw(VALUES)}
    if operator in ("$gt", "$gte", "$lt", "$lte"):
        return {field: {operator: draw(NUMBERS)}}
    if operator in ("$in", "$nin"):  # Chroma wants one type in a list
        kind = draw(st.sampled_from([TEXTS, NUMBERS, st.booleans()]))
        return {field: {operator: draw(st.lists(kind, min_size=1, max_size=3))}}
    return {field: {operator: draw(VALUES)}}


ROWS: list[dict[str, Any]] = [
    {"one": one, "two": two} if three is None else {"one": one, "two": two, "three": three}
    for one in ("a", 1)
    for two in (0, True, "b")
    for three in (None, 2, "A")
]


@pytest.fixture(scope="module")
def chroma() -> Any:
    client = chromadb.EphemeralClient()
    collection = client.create_collection("conditions", embedding_function=None)
    collection.add([str(n) for n in range(len(ROWS))], embeddings=[[1.0, 0.0]] * len(ROWS), metadatas=ROWS)
    return collection


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=conditions())
def test_conditions_mean_what_chroma_means(chroma: Any, where: dict[str, Any]) -> None:
    """Among values that both tell apart: Chroma holds that 1 and 1.0 differ, which is ours to better."""
    asked = normalised(where)
    found = {str(number) for number, row in enumerate(ROWS) if matches(asked, row)}
    assert found == set(chroma.get(where=asked)["ids"])


@given(where=conditions())
def test_the_one_form_stays_as_it_is(where: dict[str, Any]) -> None:
    once = normalised(where)
    assert normalised(once) == once
