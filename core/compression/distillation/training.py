"""The training loop of distillation: AdamW, warm-up and cosine, curves, a held-out part of the text.

The teacher's logits are computed as they are needed, batch by batch. A student that was pruned keeps its zeros. Knows
nothing of requests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.compression.distillation.loss import hard_loss, mixed_loss, soft_loss
from core.errors import LoupeError
from core.models.zeros import keep_zeros

if TYPE_CHECKING:
    import torch

    from core.jobs import JobContext

HELD_OUT = 0.1
"""Share of the pieces that the student never trains on."""
MAX_HELD_OUT = 32
CLIP, DECAY, WARM_UP = 1.0, 0.01, 0.1
LOOKS = 10
"""How often the held-out pieces are looked at."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the student is trained; see `CompressRequest` for what each means."""

    steps: int
    batch_size: int
    learning_rate: float
    temperature: float
    alpha: float
    hard_only: bool
    seed: int


def train(teacher: Any, student: Any, ids: torch.Tensor, recipe: Recipe, job: JobContext) -> dict[str, Any]:
    """Train `student` in place.

    Curves of the job: loss, soft loss, hard loss (of the batch), held-out loss (cross entropy on pieces that are not
    trained on). With `hard_only` the teacher is asked for nothing.

    Args:
        teacher: in eval mode, without gradients.
        student: in fp32, on the same device.
        ids: int64, shape (pieces, tokens).
        recipe: how.
        job: progress, curves, cancelling.

    Returns:
        `{"steps", "first_held_out", "held_out", "teacher_held_out", "held_out_pieces"}`, losses in nats a token.

    Raises:
        LoupeError: the loss is no number any more.
    """
    import torch

    held_out = min(MAX_HELD_OUT, max(1, round(len(ids) * HELD_OUT)))
    generator = torch.Generator().manual_seed(recipe.seed)
    order = torch.randperm(len(ids), generator=generator)
    checked, trained = ids[order[:held_out]], ids[order[held_out:]]
    student.requires_grad_(True).train()
    optimizer = torch.optim.AdamW(student.parameters(), lr=recipe.learning_rate, weight_decay=DECAY)
    first = _held_out(student, checked, job)
    job.metric("held-out loss", 0, first)
    every = max(1, recipe.steps // LOOKS)
    last = first
    if held := keep_zeros(student):
        job.log(f"{held:,} weights of the student are exactly 0, as pruning leaves them, and stay so.")
    for step in range(1, recipe.steps + 1):
        job.check()
        for group in optimizer.param_groups:
            group["lr"] = rate(step, recipe.steps, recipe.learning_rate)
        rows = trained[torch.randint(len(trained), (recipe.batch_size,), generator=generator)].to(student.device)
        loss = _losses(teacher, student, rows, recipe, step, job)
        if not math.isfinite(float(loss.detach())):
            raise LoupeError(f"The loss is no number any more at step {step}; lower learning_rate.")
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(student.parameters(), CLIP)
        optimizer.step()
        job.progress(step, recipe.steps, "steps", f"loss {float(loss.detach()):.3f}")
        if step % every == 0 or step == recipe.steps:
            last = _held_out(student, checked, job)
            job.metric("held-out loss", step, last)
    student.eval().requires_grad_(False)
    return {
        "steps": recipe.steps,
        "first_held_out": first,
        "held_out": last,
        "teacher_held_out": _held_out(teacher, checked, job),
        "held_out_pieces": held_out,
    }


def rate(step: int, steps: int, peak: float) -> float:
    """The learning rate at a step: up to the peak over a tenth of the steps, then down to a tenth of it as a cosine."""
    warm = max(1, int(steps * WARM_UP))
    if step <= warm:
        return peak * step / warm
    along = (step - warm) / max(1, steps - warm)
    return peak * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * along)))


def _losses(teacher: Any, student: Any, rows: Any, recipe: Recipe, step: int, job: JobContext) -> torch.Tensor:
    import torch

    logits = student(input_ids=rows, use_cache=False).logits[:, :-1]
    hard = hard_loss(logits, rows[:, 1:])
    job.metric("hard loss", step, float(hard.detach()))
    if recipe.hard_only:
        job.metric("loss", step, float(hard.detach()))
        return hard
    with torch.no_grad():
        targets = teacher(input_ids=rows, use_cache=False).logits[:, :-1]
    width = min(logits.shape[-1], targets.shape[-1])  # embeddings of one vocabulary may be padded differently
    soft = soft_loss(logits[..., :width], targets[..., :width], recipe.temperature)
    loss = mixed_loss(soft, hard, recipe.alpha)
    job.metric("soft loss", step, float(soft.detach()))
    job.metric("loss", step, float(loss.detach()))
    return loss


def _held_out(model: Any, ids: Any, job: JobContext) -> float:
    """Cross entropy on the held-out pieces, nats a token."""
    import torch

    was_training = model.training
    model.eval()
    total = 0.0
    with torch.no_grad():
        for row in ids:
            job.check()
            row = row[None].to(model.device)
            total += float(hard_loss(model(input_ids=row, use_cache=False).logits[:, :-1], row[:, 1:]))
    if was_training:
        model.train()
    return total / len(ids)
