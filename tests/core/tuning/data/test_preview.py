"""A batch as a person looks at it: the texts together are the text, and every token has one kind."""

from __future__ import annotations

import pytest

from core.tuning.data import Example, Tokens, encode, preview


def test_a_batch_is_filled_up_and_every_token_has_a_kind(tokens: Tokens) -> None:
    rows = [
        encode(Example(number, prompt="How many?", answer=answer), tokens, max_length=99)
        for number, answer in enumerate(["seven apples", "Größe 東京 👨‍👩‍👧", "7"], 1)
    ]
    shown = preview(rows, tokens)
    assert {len(sequence) for sequence in shown} == {max(len(row.ids) for row in rows)}
    for row, sequence in zip(rows, shown, strict=True):
        own = [token for token in sequence if token.kind != "padding"]
        assert "".join(token.text for token in own) == tokens.decode(row.ids)
        assert [token.id for token in own] == row.ids
        assert [token.kind in ("trained", "eos") for token in own] == row.trained
        assert [token.id for token in own if token.kind == "eos"] == [tokens.eos]
        assert all(token.row == row.number for token in own)
        assert all(token.row == 0 and token.id == tokens.pad for token in sequence[len(own) :])


def test_packed_rows_share_a_sequence(tokens: Tokens) -> None:
    rows = [encode(Example(number, text="apples"), tokens, max_length=99) for number in (1, 2, 3)]
    length = len(rows[0].ids)
    shown = preview(rows, tokens, pack_to=2 * length)
    assert [[token.row for token in sequence] for sequence in shown] == [
        [1] * length + [2] * length,
        [3] * length + [0] * length,
    ]


def test_a_character_cut_in_half_is_shown_as_such(tokens: Tokens) -> None:
    row = encode(Example(1, prompt="p", answer="東" * 30), tokens, max_length=16)
    shown = preview([row], tokens)[0]
    assert "".join(token.text for token in shown) == tokens.decode(row.ids)


@pytest.mark.parametrize("pack_to", [None, 64])
def test_nothing_is_shown_of_nothing(tokens: Tokens, pack_to: int | None) -> None:
    assert preview([], tokens, pack_to=pack_to) == []
