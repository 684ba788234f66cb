"""Training files as people have them: banking77 in its two shapes, and plain texts."""

from __future__ import annotations

import re
from pathlib import Path

from core.tuning.data import encode_all, open_tokens, read_rows, split
from tests.published.conftest import DATA

FOLDER = DATA / "finetune"


def test_banking77_has_the_rows_and_intents_that_its_paper_counts() -> None:
    train, test = (read_rows(FOLDER / "banking77" / name) for name in ("train.csv", "test.csv"))
    assert (len(train.examples), len(test.examples)) == (10_003, 3_080)
    assert train.format == test.format == "text-label"
    assert len(train.labels) == 77
    assert train.labels == test.labels
    assert train.examples[0].text == "I am still waiting on my card?"
    kept, held = split(train, 0.1, seed=0)
    assert len(held.examples) == 1000
    assert {each.label for each in held.examples} == {each.label for each in kept.examples} == set(train.labels)


def test_the_small_subset_is_learned_label_by_label(unpacked: Path) -> None:
    rows = read_rows(FOLDER / "banking77" / "small_train.jsonl")
    assert (len(rows.examples), len(rows.labels)) == (200, 10)
    with open_tokens(unpacked) as tokens:
        data = encode_all(rows, tokens, max_length=256)
        assert (len(data), data.truncated, data.untrained) == (200, 0, 0)
        for row, example in zip(data, rows.examples, strict=True):
            learned = [index for index, is_trained in zip(row.ids, row.trained, strict=True) if is_trained]
            assert tokens.decode(learned) == f"{example.label}<|im_end|>"


def test_plain_texts_lose_nothing(unpacked: Path) -> None:
    rows = read_rows(FOLDER / "tinyshakespeare" / "input.txt")
    assert rows.format == "text"
    source = (FOLDER / "tinyshakespeare" / "input.txt").read_text()
    assert "\n\n".join(each.text for each in rows.examples) == re.sub("\n{3,}", "\n\n", source.strip("\n"))
    with open_tokens(unpacked) as tokens:
        data = encode_all(rows, tokens, max_length=64)
        assert data.tokens_cut == 0
        assert data.total_tokens == sum(len(tokens.text(each.text)) + 1 for each in rows.examples)
