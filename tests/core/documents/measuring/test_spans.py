"""Chunks against spans: the study's definitions, worked by hand and as plain sets of characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.measuring import measure_spans
from core.documents.measuring.spans import Answer, Found, scores
from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from tests.core.documents.retrieval.library import make, put


def test_worked_by_hand() -> None:
    answers = [Answer("a", ((10, 20), (40, 50)))]
    chunks = [Found("a", 0, 15), Found("a", 12, 30), Found("b", 40, 50)]
    found = scores(answers, chunks)
    held = 15 + 18 + 10
    assert found == {"recall": 10 / 20, "precision": 10 / held, "iou": 10 / (held + 10)}


def test_the_ends() -> None:
    answers = [Answer("a", ((10, 20),))]
    assert scores(answers, [Found("a", 10, 20)]) == {"recall": 1, "precision": 1, "iou": 1}
    assert scores(answers, [Found("a", 20, 30)]) == {"recall": 0, "precision": 0, "iou": 0}
    assert scores(answers, []) == {"recall": 0, "precision": 0, "iou": 0}


RANGES = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(
    spans=st.lists(RANGES, min_size=1, max_size=4),
    chunks=st.lists(st.tuples(st.sampled_from("ab"), RANGES), max_size=5),
)
def test_it_is_counting_characters(spans: list[tuple[int, int]], chunks: list[tuple[str, tuple[int, int]]]) -> None:
    found = scores([Answer("a", tuple(spans))], [Found(name, *place) for name, place in chunks])
    wanted = {at for start, end in spans for at in range(start, end)}
    read = {at for name, (start, end) in chunks if name == "a" for at in range(start, end)}
    held = sum(end - start for _, (start, end) in chunks)
    covered = len(wanted & read)
    assert found["recall"] == pytest.approx(covered / len(wanted))
    assert found["precision"] == pytest.approx(covered / held if held else 0)
    assert found["iou"] == pytest.approx(covered / (held + len(wanted) - covered))


@pytest.mark.usefixtures("words")
def test_a_collection_is_measured_from_the_rows_own_text() -> None:
    """The title that stands before a corpus row's text does not count."""
    text = "Doc red planet iron. " + "blue sea water fish. " + "ring ice moon dust. "
    put(make("spans"), {"corpus.jsonl#d": text}, size=21, metadata={"corpus.jsonl#d": {"_id": "d"}})
    from core.store import collections, documents

    [row] = documents.list_documents(collections.get("spans").id)
    assert row.title == "Corpus"  # no title in the text: spans count from its beginning
    answers = {"q": [Answer("d", ((21, 42),))]}
    found = measure_spans("spans", {"q": "blue sea fish"}, answers, RetrievalSettings(mode="keyword", k=1))
    assert found.items["q"] == {"recall": 1, "precision": 1, "iou": 1}
    put(make("titled"), {"Red.jsonl#d": "Red " + text}, size=23, metadata={"Red.jsonl#d": {"_id": "d"}})
    answers = {"q": [Answer("d", ((0, 19),))]}
    found = measure_spans("titled", {"q": "planet iron"}, answers, RetrievalSettings(mode="keyword", k=1))
    assert found.items["q"]["recall"] == 1
    assert found.as_json()["span_recall"] == 1 and found.as_json()["n"] == 1


@pytest.mark.usefixtures("words")
def test_spans_of_other_documents_are_refused() -> None:
    put(make("spans"), {"a.txt": "red planet"})
    settings = RetrievalSettings(mode="keyword")
    with pytest.raises(InvalidInput, match="do they belong to it"):
        measure_spans("spans", {"q": "red"}, {"q": [Answer("zzz", ((0, 1),))]}, settings)
    with pytest.raises(InvalidInput, match="No question has spans"):
        measure_spans("spans", {"p": "red"}, {"q": [Answer("a.txt", ((0, 1),))]}, settings)
