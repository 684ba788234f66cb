"""Distillation: the loss against hand computations, the loop, the student."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.compression.distillation import student as students
from core.compression.distillation import training
from core.compression.distillation.loss import hard_loss, mixed_loss, soft_loss
from core.compression.distillation.student import chosen_layers, from_layers, same_vocabulary
from core.compression.distillation.training import Recipe, rate, train
from core.compression.loading import load_model, load_tokenizer
from core.compression.pruning import count_zeros
from core.errors import InvalidInput, LoupeError, OutOfMemory
from core.jobs import JobCancelled, JobContext
from tests.conftest import make_tiny_model
from tests.core.compression.conftest import Compress, plain, variant

RECIPE = Recipe(steps=12, batch_size=4, learning_rate=3e-3, temperature=2, alpha=0.5, hard_only=False, seed=0)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_the_gradient_is_that_of_the_paper(temperature: float) -> None:
    """α·T·(softmax(z/T) - softmax(v/T)) + (1-α)·(softmax(z) - one-hot), by hand, over the number of positions."""
    torch.manual_seed(0)
    z = torch.randn(3, 7, dtype=torch.float64).float().requires_grad_()
    v, targets, alpha = torch.randn(3, 7), torch.tensor([0, 6, 2]), 0.3
    loss = mixed_loss(soft_loss(z, v, temperature), hard_loss(z, targets), alpha)
    (gradient,) = torch.autograd.grad(loss, z)
    soft = temperature * ((z / temperature).softmax(-1) - (v / temperature).softmax(-1))
    hard = z.softmax(-1) - torch.nn.functional.one_hot(targets, 7)
    assert torch.allclose(gradient, (alpha * soft + (1 - alpha) * hard) / 3, atol=1e-6)


def test_the_loss_of_two_tokens_by_hand() -> None:
    """Teacher (¾, ¼) and student (½, ½) at T = 1: KL = ¾·ln(3/2) + ¼·ln(1/2) = 0.1308."""
    teacher = torch.tensor([[0.75, 0.25]]).log()
    assert float(soft_loss(torch.zeros(1, 2), teacher, 1)) == pytest.approx(0.130812, abs=1e-5)
    assert float(soft_loss(teacher, teacher, 3)) == pytest.approx(0, abs=1e-6)
    assert float(hard_loss(torch.zeros(1, 2), torch.tensor([1]))) == pytest.approx(0.693147, abs=1e-5)


def test_the_size_of_soft_gradients_does_not_depend_on_the_temperature() -> None:
    """Section 2.1: with T², they approach (z - v)/n for zero-mean logits as T grows."""
    torch.manual_seed(1)
    z, v = torch.randn(1, 5), torch.randn(1, 5)
    z, v = (z - z.mean()).requires_grad_(), v - v.mean()
    (gradient,) = torch.autograd.grad(soft_loss(z, v, 200.0), z)
    assert torch.allclose(gradient, (z - v) / 5, atol=0.005)


def ids_of(tokenizer: Any, text: Path) -> torch.Tensor:
    """Pieces of 32 tokens."""
    ids = tokenizer(text.read_text())["input_ids"]
    return torch.tensor(ids[: len(ids) // 32 * 32]).view(-1, 32)


def test_a_student_of_the_teachers_layers_gets_better_and_tells_how(tiny_model: Path, text_file: Path) -> None:
    teacher, ids = load_model(tiny_model), ids_of(load_tokenizer(tiny_model), text_file)
    student, job = from_layers(teacher, [0]), JobContext("distill")
    before = [parameter.clone() for parameter in teacher.parameters()]
    found = train(teacher, student, ids, RECIPE, job)
    assert found["held_out"] < 0.9 * found["first_held_out"]
    assert student.config.num_hidden_layers == 1 and len(student.model.layers) == 1
    assert all(torch.equal(old, new) for old, new in zip(before, teacher.parameters(), strict=True))
    curves = {name for name, _, _ in job.take().metrics}
    assert curves == {"loss", "soft loss", "hard loss", "held-out loss"}


def test_the_twin_never_asks_the_teacher(tiny_model: Path, text_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, ids = load_model(tiny_model), ids_of(load_tokenizer(tiny_model), text_file)
    student, job = from_layers(teacher, [1]), JobContext("twin")
    asked = 0

    def count(*_: Any, **__: Any) -> None:
        nonlocal asked
        asked += 1

    teacher.register_forward_hook(count)
    hard = Recipe(steps=3, batch_size=2, learning_rate=1e-3, temperature=2, alpha=0.5, hard_only=True, seed=0)
    found = train(teacher, student, ids, hard, job)
    assert asked == found["held_out_pieces"]  # for the comparison at the end only
    assert "soft loss" not in {name for name, _, _ in job.take().metrics}


def test_a_loss_that_is_no_number_stops_it(tiny_model: Path, text_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, ids = load_model(tiny_model), ids_of(load_tokenizer(tiny_model), text_file)
    monkeypatch.setattr(training, "soft_loss", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(LoupeError, match="no number any more at step 1; lower learning_rate"):
        train(teacher, from_layers(teacher, [0]), ids, RECIPE, JobContext("nan"))


def test_it_can_be_cancelled(tiny_model: Path, text_file: Path) -> None:
    teacher, ids = load_model(tiny_model), ids_of(load_tokenizer(tiny_model), text_file)
    job = JobContext("cancel")
    job.cancelled.set()
    with pytest.raises(JobCancelled):
        train(teacher, from_layers(teacher, [0]), ids, RECIPE, job)


def test_which_layers_a_student_keeps() -> None:
    half = chosen_layers(30, (), 0.5)
    assert len(half) == 15 and half[0] == 0 and half[-1] == 29 and half == sorted(set(half))
    assert chosen_layers(4, (), 0.5) == [0, 3]
    assert chosen_layers(9, (), 1 / 3) == [0, 4, 8]
    assert chosen_layers(12, (1, 7), 0.5) == [1, 7]
    assert chosen_layers(12, (), 0.01) == [0]


def test_another_vocabulary_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    other = make_tiny_model(tmp_path / "other", corpus=["quite another text, with other words: zebra, quark"])
    with pytest.raises(InvalidInput, match="another vocabulary"):
        same_vocabulary(load_tokenizer(tiny_model), load_tokenizer(other))


@pytest.mark.parametrize("padded", ["student", "teacher"])
def test_one_vocabulary_may_be_padded_differently(
    compress: Compress, tiny_model: Path, text_file: Path, tmp_path: Path, padded: str
) -> None:
    wider = variant(tiny_model, tmp_path / "wider", vocab_size=512, num_hidden_layers=1 if padded == "student" else 4)
    ours = variant(tiny_model, tmp_path / "ours", num_hidden_layers=4 if padded == "student" else 1)
    student, teacher = (wider, ours) if padded == "student" else (ours, wider)
    looks = {"calibration": str(text_file), "samples": 20, "sample_tokens": 32}
    made = compress("distill", model=f"path:{teacher}", student=f"path:{student}", steps=2, batch_size=2, **looks)
    assert plain(made["path"]).config.vocab_size == plain(student).config.vocab_size


def test_a_student_that_cannot_be_trained_in_memory_is_a_sentence(
    compress: Compress, text_file: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(students, "free_memory", lambda: 1024**2)
    small = variant(tiny_model, tmp_path / "small", num_hidden_layers=1)
    looks = {"calibration": str(text_file), "samples": 20, "sample_tokens": 32}
    for settings in ({"layers": "1"}, {"student": f"path:{small}"}):
        with pytest.raises(
            OutOfMemory, match=r"Training a student of 84,416 numbers needs about 1 MiB, .* 1 MiB are free"
        ):
            compress("distill", **settings, **looks)


def test_layers_that_the_student_drops_are_not_copied(tiny_model: Path) -> None:
    class Heavy:
        """A copy of it would not fit."""

        def __deepcopy__(self, memo: Any) -> Any:
            raise MemoryError

    teacher = load_model(tiny_model)
    teacher.model.layers[0].held = Heavy()
    student = from_layers(teacher, [1])
    assert len(student.model.layers) == student.config.num_hidden_layers == 1
    assert len(teacher.model.layers) == teacher.config.num_hidden_layers == 2
    assert student.model.layers[0].self_attn.layer_idx == 0 and teacher.model.layers[1].self_attn.layer_idx == 1


def test_zeros_of_a_pruned_student_are_held_and_counted_in_the_log(
    compress: Compress, text_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pruned = compress("prune", "pruned", criterion="magnitude", sparsity=0.03)
    looks = {"calibration": str(text_file), "samples": 20, "sample_tokens": 32}
    made = compress("distill", student=pruned["ref"], steps=2, batch_size=2, **looks)
    assert count_zeros(plain(made["path"]))[0] == pruned["zeros"]
    assert f"{pruned['zeros']:,} weights of the student are exactly 0" in capsys.readouterr().out


def test_the_rate_goes_up_then_down() -> None:
    rates = [rate(step, 100, 1e-3) for step in range(1, 101)]
    assert max(rates) == rates[9] == pytest.approx(1e-3)
    assert rates[0] == pytest.approx(1e-4) and rates[-1] == pytest.approx(1e-4)


def test_the_job_makes_a_student_that_plain_transformers_loads(compress: Compress, text_file: Path) -> None:
    looks = {"calibration": str(text_file), "samples": 20, "sample_tokens": 32}
    made = compress("distill", steps=4, batch_size=2, layers="1", **looks)
    assert plain(made["path"]).config.num_hidden_layers == 1
    assert made["parameters"] < made["teacher_parameters"]
    assert made["layers"] == [1] and made["size_bytes"] < made["source_bytes"]
