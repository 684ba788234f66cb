"""The diff: both texts can be put together again from its rows, and only what differs is marked."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.prompts.diff import MAX_LINES, DiffRow, diff

lines = st.text("ab .\n\r\u200be\u0301é", max_size=60)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(lines, lines)
def test_both_texts_are_in_the_rows_letter_by_letter(a: str, b: str) -> None:
    rows = diff(a, b)
    lefts = [row for row in rows if row.left is not None]
    rights = [row for row in rows if row.right is not None]
    assert "\n".join(str(row.left) for row in lefts) == a
    assert "\n".join(str(row.right) for row in rights) == b
    assert [row.left_number for row in lefts] == list(range(1, len(lefts) + 1))
    assert [row.right_number for row in rights] == list(range(1, len(rights) + 1))
    for row in rows:
        if row.kind == "changed":
            assert row.left != row.right
            assert row.left_spans or row.right_spans
            assert without(str(row.left), row.left_spans) == without(str(row.right), row.right_spans)
        else:
            assert row.kind == ("same" if row.left == row.right else "added" if row.left is None else "removed")


def without(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    return "".join(char for place, char in enumerate(text) if not any(start <= place < end for start, end in spans))


def test_words_that_changed_are_marked() -> None:
    [row] = diff("Say it in two words", "Say it in ten words")
    assert row == DiffRow("changed", "Say it in two words", "Say it in ten words", 1, 1, ((10, 13),), ((10, 13),))


def test_what_the_eye_cannot_see_is_a_change() -> None:
    for a, b in (
        ("a\r\n", "a\n"),
        ("é", "e\u0301"),
        ("a", "a\u200b"),
        ("a ", "a"),
        ("a\u00a0b", "a b"),
        ("x\u202ey", "xy"),
    ):
        assert diff(a, b)[0].kind == "changed", (a, b)
    assert [row.kind for row in diff("a\n", "a")] == ["same", "removed"]


def test_lines_put_in_between_move_nothing_else() -> None:
    rows = diff("a\nb\nc", "a\nnew\nb\nc")
    assert [(row.kind, row.left_number, row.right_number) for row in rows] == [
        ("same", 1, 1),
        ("added", None, 2),
        ("same", 2, 3),
        ("same", 3, 4),
    ]


def test_huge_texts_are_compared_in_bounds() -> None:
    a = "\n".join(f"a{n}" for n in range(MAX_LINES + 500))
    b = "\n".join(f"b{n}" for n in range(MAX_LINES + 500))
    rows = diff(f"head\n{a}\ntail", f"head\n{b}\ntail")
    assert [row.kind for row in (rows[0], rows[1], rows[-2], rows[-1])] == ["same", "removed", "added", "same"]
    assert len(rows) == 2 * (MAX_LINES + 500) + 2
    [row] = diff("x " * 100_000 + "a", "y " * 100_000 + "a")
    assert row.left_spans == ((0, 199_999),)
    assert without(str(row.left), row.left_spans) == without(str(row.right), row.right_spans)
