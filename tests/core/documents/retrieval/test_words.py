"""Words as keyword search sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.retrieval.keywords.words import STOP, UNKNOWN, Numbering, split


def stems(text: str) -> list[str]:
    numbering = Numbering({}, grows=True)
    numbers = [numbering[word] for word in split(text)]
    names = list(numbering.stems)
    return [names[number] for number in numbers if number >= 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Running runners ran", ["run", "runner", "ran"]),
        ("vitamin C and B12", ["vitamin", "c", "b12"]),
        ("What's O'Brien's?", ["what", "o'brien"]),
        ("What’s O’Brien’s?", ["what", "o'brien"]),
        ("the of and", []),
        ("3.14 snake_case", ["3", "14", "snake_cas"]),
        ("Größe naïve", ["größe", "naïv"]),
        ("東京都", ["東京", "京都"]),
        ("犬", ["犬"]),
        ("東京 Tower 7階", ["東京", "tower", "7", "階"]),
        ("서울특별시", ["서울", "울특", "특별", "별시"]),
        ("ﬁne ＡＢＣ", ["fine", "abc"]),
        ("", []),
        ("?!… 🙂", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert stems(text) == words


@given(st.text(max_size=60))
def test_any_text_has_words_without_blanks(text: str) -> None:
    for word in split(text):
        assert word and not any(each.isspace() for each in word)


@given(st.text(st.characters(max_codepoint=127), max_size=80))
def test_plain_text_has_the_same_words_by_either_way(text: str) -> None:
    """ASCII takes a shorter way; a character of another kind at the end must not change what comes before."""
    assert split(text) == split(f"{text} é")[:-1]


def test_a_search_adds_no_words() -> None:
    known = {"sun": 0}
    numbering = Numbering(known, grows=False)
    assert [numbering[word] for word in ("suns", "moon", "the")] == [0, UNKNOWN, STOP]
    assert known == {"sun": 0}


def test_what_is_too_long_for_a_word_is_cut() -> None:
    [word] = stems("q" * 10_000)
    assert len(word) <= 64
