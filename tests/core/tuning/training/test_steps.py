"""Batches: packed rows give the losses of rows alone, kept positions those of all, the plan is whole and repeatable."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from core.tuning.data import Encoded
from core.tuning.settings import TuneSettings
from core.tuning.training import steps
from core.tuning.training.losses import cross_entropy, t_few


def rows() -> list[Encoded]:
    made = []
    for number, (length, answer) in enumerate([(9, 3), (5, 5), (12, 2), (7, 1)], start=1):
        ids = [(7 * number + 3 * place) % 90 + 5 for place in range(length)]
        trained = [place >= length - answer and place > 0 for place in range(length)]
        made.append(Encoded(number, ids, trained, length - answer))
    return made


def loss_of(model: object, batch: dict, kept: bool = True) -> float:  # type: ignore[type-arg]
    given = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids") if name in batch}
    if kept:
        logits = model(**given, use_cache=False, logits_to_keep=batch["keep"]).logits  # type: ignore[operator]
    else:
        logits = model(**given, use_cache=False).logits[:, batch["keep"]]  # type: ignore[operator]
    return float(cross_entropy(logits, batch["labels"], (batch["labels"] != -100).sum()).detach())


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> object:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()


def test_the_loss_is_the_librarys_own(model: object) -> None:
    """Of one row against transformers' loss with labels."""
    import torch

    for row in rows():
        labels = [token if flag else -100 for token, flag in zip(row.ids, row.trained, strict=True)]
        theirs = model(input_ids=torch.tensor([row.ids]), labels=torch.tensor([labels])).loss  # type: ignore[operator]
        assert loss_of(model, steps.filled([row], 0)) == pytest.approx(float(theirs.detach()), abs=1e-5)


def test_packed_and_filled_rows_do_not_see_each_other(model: object) -> None:
    alone = [(loss_of(model, steps.filled([row], 0)), sum(row.trained)) for row in rows()]
    mean = sum(loss * count for loss, count in alone) / sum(count for _, count in alone)
    first, second, third, fourth = rows()
    assert loss_of(model, steps.filled(rows(), 0)) == pytest.approx(mean, abs=1e-5)
    assert loss_of(model, steps.filled(rows(), 0), kept=False) == pytest.approx(mean, abs=1e-5)
    assert loss_of(model, steps.packed([[first, second], [third, fourth]], 0)) == pytest.approx(mean, abs=1e-5)
    assert loss_of(model, steps.packed([rows()], 0)) == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("how", ["pad", "group", "pack"])
@pytest.mark.parametrize("epochs", [1, 2.5])
def test_a_plan_holds_every_row_as_often_as_there_are_epochs(how: str, epochs: float) -> None:
    lengths = [3 + number % 11 for number in range(50)]
    settings = TuneSettings(epochs=epochs, batch_size=4, batching=how, max_length=16)  # type: ignore[arg-type]
    plan = steps.plan(lengths, settings)
    seen = Counter(row for batch in plan for row in batch)
    assert set(seen) == set(range(50))
    assert sum(seen.values()) == pytest.approx(50 * epochs, rel=0.1)  # half of the batches, whatever they hold
    assert plan == steps.plan(lengths, settings)
    assert plan != steps.plan(lengths, settings.model_copy(update={"seed": 1}))


def test_a_last_update_is_filled_up_and_max_steps_holds() -> None:
    settings = TuneSettings(epochs=1, batch_size=4, accumulate=3)
    assert len(steps.plan([5] * 20, settings)) == 6
    assert len(steps.plan([5] * 20, settings.model_copy(update={"max_steps": 7}))) == 21


def test_wrong_labels_are_wrong_and_the_same_every_time() -> None:
    labels = ["a", "b", "c", "d"]
    found = steps.drawn(labels, "b", 2, 0, 7)
    assert found == steps.drawn(labels, "b", 2, 0, 7)
    assert len(set(found)) == 2
    assert "b" not in found


def test_t_few_is_the_sum_of_its_three_losses() -> None:
    """Against the formulas of Liu et al. 2022, section 3.2, written out."""
    import torch

    torch.manual_seed(0)
    logits = torch.randn(2, 3, 6)
    labels = torch.tensor([[1, 2, -100], [3, 4, 5]])
    chance = torch.softmax(logits, -1)
    right = torch.log(torch.stack([chance[0, 0, 1], chance[0, 1, 2]]))
    wrong = torch.stack([chance[1, 0, 3], chance[1, 1, 4], chance[1, 2, 5]])
    language = -right.mean()
    unlikely = -torch.log(1 - wrong).mean()
    length = -torch.log(right.mean().exp() / (right.mean().exp() + torch.log(wrong).mean().exp()))
    for first, second in ((False, False), (True, False), (False, True), (True, True)):
        found = t_few(logits, labels, 2, unlikelihood=first, length_normalised=second)
        assert float(found) == pytest.approx(float(language + first * unlikely + second * length), abs=1e-5)
