"""The word diff: applying it to either text gives the other, and no more is marked than differs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.evals.compare.worddiff import Piece, word_diff

parts = st.sampled_from(["the", " the", " cat", " sat", ".", "\n", "  ", " é", "東京", "🙂"])
texts = st.lists(parts, max_size=14).map("".join)


def first(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != "added")


def second(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != "removed")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(texts, texts)
def test_applying_it_gives_the_other_text_letter_by_letter(a: str, b: str) -> None:
    pieces = word_diff(a, b)
    assert (first(pieces), second(pieces)) == (a, b)
    assert all(piece.text for piece in pieces)
    assert all(one.kind != other.kind for one, other in pairwise(pieces))
    assert ("added", "removed") not in [(one.kind, two.kind) for one, two in pairwise(pieces)]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(texts)
def test_the_same_text_is_one_common_piece(text: str) -> None:
    assert word_diff(text, text) == ([Piece("same", text)] if text else [])


def test_whole_words_are_marked_with_the_space_before_them() -> None:
    assert word_diff("The sky is blue today.", "The sky is deep red today.") == [
        Piece("same", "The sky is"),
        Piece("removed", " blue"),
        Piece("added", " deep red"),
        Piece("same", " today."),
    ]


def test_what_the_eye_cannot_see_is_a_difference() -> None:
    for a, b in (("é", "e\u0301"), ("a", "a\u200b"), ("a b", "a\u00a0b"), ("a\r\n", "a\n"), ("a ", "a")):
        assert [piece.kind for piece in word_diff(a, b)] != ["same"], (a, b)


def test_long_texts_are_compared_by_lines_first_and_still_exactly() -> None:
    """2,000 words against as many: only the line that differs is looked at word by word."""
    a = "".join(f"line {n} of a long text, word after word\n" for n in range(250))
    b = a.replace("line 120 of", "line 120 and a half of")
    pieces = word_diff(a, b)
    assert (first(pieces), second(pieces)) == (a, b)
    assert [piece for piece in pieces if piece.kind != "same"] == [Piece("added", " and a half")]


def test_a_long_text_without_lines_is_replaced_between_what_both_begin_and_end_with() -> None:
    pieces = word_diff("same " + "x " * 5_000 + "end", "same " + "y " * 5_000 + "end")
    assert [piece.kind for piece in pieces] == ["same", "removed", "added", "same"]
    assert (first(pieces), second(pieces)) == ("same " + "x " * 5_000 + "end", "same " + "y " * 5_000 + "end")
