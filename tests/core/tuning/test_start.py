"""What a person sees before the start: the first batch of every kind of model, and every row that was cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from core.tuning import start
from core.tuning.request import TuneRequest
from tests.core.tuning.test_other_models import tiny_bert, tiny_t5

__all__ = ["tiny_bert", "tiny_t5"]
Ask = Callable[..., TuneRequest]


def learned(row: list[start.PreviewToken]) -> str:
    return "".join(each.text for each in row if each.kind == "trained").strip()


def test_an_encoder_decoder_reads_and_learns_to_write(ask: Ask, tiny_t5: Path) -> None:
    found = start.check(ask("lora").model_copy(update={"model": f"path:{tiny_t5}"}))
    assert found.first_batch
    assert {learned(row) for row in found.first_batch} <= {"apples", "light"}
    assert all("the lens number" in "".join(each.text for each in row) for row in found.first_batch)


def test_a_classifier_learns_a_label(ask: Ask, tiny_bert: Path) -> None:
    found = start.check(ask("lora").model_copy(update={"model": f"path:{tiny_bert}"}))
    assert found.first_batch
    assert {learned(row) for row in found.first_batch} <= {"apples", "light"}


def test_wrong_labels_of_t_few_are_shown_with_the_right_one(ask: Ask) -> None:
    rows = start.check(ask("ia3")).first_batch
    assert len(rows) == 2 * ask("ia3").settings.batch_size
    for right, wrong in zip(rows[::2], rows[1::2], strict=True):
        assert {learned(right), learned(wrong)} == {"apples", "light"}


def test_held_out_rows_that_are_cut_are_told_beside_those_that_are_trained_on(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    rows = [{"prompt": "a lens gathers light " * 40, "completion": f"number {n}"} for n in range(20)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    problems = start.check(ask("lora", data=file, max_length=64, held_out=0.5)).problems
    assert [each.split(" are longer")[0] for each in problems] == ["10 of 10 rows", "10 of 10 held-out rows"]
