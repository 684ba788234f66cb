"""The loop of one run, from nothing or from its last whole checkpoint, in this process.

In several processes (`launch.py`) every one of them runs this; they meet in the library. Knows nothing of jobs, of what
was before or comes after.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from core.errors import LoupeError, ModelFailed, OutOfMemory, StoreError
from core.memory.measured import Peak
from core.models.device import device, map_large_blocks
from core.tuning.comparing.scoring import Asked
from core.tuning.data import Tokens
from core.tuning.estimating import dtype_of
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest
from core.tuning.training import checkpoints, session, steps
from core.tuning.training.logits import KeptLogits
from core.tuning.training.teller import Teller
from core.tuning.training.trainer import arguments, only, trainer_class
from core.tuning.training.watching import Watch
from core.tuning.writing import no_room

EVALUATED = 200
"""Held-out rows at most that a look computes the loss of."""
LOOKS = 5


class Diverged(ModelFailed):
    """The loss, a gradient or a weight is not a number any more."""


@dataclass(slots=True)
class Outcome:
    """What a run came to. `losses` and `held_out`: step and value."""

    steps: int
    losses: list[tuple[int, float]]
    held_out: list[tuple[int, float]]
    tokens: int
    seconds: float
    peak_bytes: int

    @property
    def tokens_per_s(self) -> float:
        """Tokens of rows (padding not counted) a second."""
        return self.tokens / self.seconds if self.seconds else 0.0


def train(
    request: TuneRequest, data: session.Prepared, model: Any, tokens: Tokens, folder: Path, teller: Teller, peak: Peak
) -> Outcome:
    """Train to the end, or until `teller.check` raises: the state of that step is saved first.

    Args:
        request: what is asked for.
        data: of `session.prepare_data`.
        model: of `session.load_prepared`; changed in place.
        tokens: its tokenizer.
        folder: of the run: checkpoints and samples go there.
        teller: hears of every step.
        peak: of memory, begun before the model was loaded.

    Raises:
        Diverged: the loss, a gradient or a weight became infinite or not a number.
        ModelFailed: torch gave up; one sentence.
    """
    from transformers.trainer_callback import PrinterCallback

    map_large_blocks()  # so that the peak is what the steps hold, and not what the heap kept
    settings, method = request.settings, METHODS[request.method]
    at_once = settings.accumulate * settings.processes
    total = len(data.plan) // at_once
    look = settings.evaluate_every or max(1, total // LOOKS)
    on_cpu = device().type == "cpu"
    logits = KeptLogits(model, data.base.task)

    def tokens_of(step: int) -> int:
        return sum(data.lengths[row] for batch in data.plan[(step - 1) * at_once : step * at_once] for row in batch)

    watch = Watch(teller, total, tokens=tokens_of, memory=lambda: float(peak.now))
    few = session.uses_t_few(request, data)
    trainer = trainer_class()(
        model=model,
        args=arguments(
            folder,
            max_steps=total,
            gradient_accumulation_steps=settings.accumulate,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            max_grad_norm=settings.max_grad_norm,
            lr_scheduler_type=settings.schedule if settings.schedule != "constant" else "constant_with_warmup",
            warmup_steps=round(settings.warmup * total),
            seed=settings.seed,
            data_seed=settings.seed,
            use_cpu=on_cpu,
            bf16=not on_cpu and dtype_of(settings).itemsize == 2,
            optim="paged_adamw_32bit" if method.quantized and not on_cpu else "adamw_torch",
            eval_strategy="steps" if data.held_out is not None else "no",
            eval_steps=look,
            save_strategy="steps",
            save_steps=settings.save_every or look,
            ddp_find_unused_parameters=False,
            ddp_backend="gloo" if on_cpu and settings.processes > 1 else None,
        ),
        train_dataset=steps.Steps(data.plan, session.collate(request, data, tokens)),
        eval_dataset=steps.Steps(data.plan[:1], lambda batch: {}),
        data_collator=only,
        callbacks=[watch.callback()],
        logits=logits,
        t_few_losses=(settings.unlikelihood, settings.length_normalised) if few else None,
        evaluated=lambda trainer: _look(trainer, logits, request, data, tokens, folder),
    )
    trainer.remove_callback(PrinterCallback)
    if trainer.is_world_process_zero():
        checkpoints.keep(folder, checkpoints.KEPT)  # what a process that was killed left half-written
    last = next(checkpoints.whole(folder), None)
    if last is not None:
        watch.take_up(last[1])
    done = last[0] if last else 0
    teller.progress(done, total, "steps", "training")
    if done >= total:
        checkpoints.load_trained(model, last[1])  # type: ignore[index]
        return Outcome(done, watch.losses, watch.held_out, 0, 0.0, peak.bytes)
    began = time.perf_counter()
    try:
        trainer.train(resume_from_checkpoint=str(last[1]) if last else None)
    except LoupeError:
        raise
    except (RuntimeError, ValueError, OSError, SafetensorError) as error:
        raise _explained(error, folder) from error
    seconds = time.perf_counter() - began
    if watch.error is not None:
        raise watch.error
    if watch.diverged:
        kept = next(checkpoints.whole(folder), None)
        what = f"the state of step {kept[0]} is kept" if kept else "nothing was saved before it"
        raise Diverged(
            f"{watch.diverged} is not a finite number; {what}. Lower learning_rate "
            f"({settings.learning_rate:g}) or raise warmup ({settings.warmup:g})."
        )
    seen = sum(data.lengths[row] for batch in data.plan[done * at_once :] for row in batch)
    return Outcome(total, watch.losses, watch.held_out, seen, seconds, peak.bytes)


def _look(
    trainer: Any, logits_at: KeptLogits, request: TuneRequest, data: session.Prepared, tokens: Tokens, folder: Path
) -> dict[str, float]:
    """Loss over held-out rows, per learned token; and a few answers into `samples.jsonl`."""
    import torch

    model, settings = trainer.model, request.settings
    collated = _held_out_batches(data, tokens, settings.batch_size)
    was_training = model.training
    model.eval()
    loss = torch.zeros(())
    count = 0
    with torch.no_grad():
        for batch in collated:
            on_device = trainer._prepare_inputs(batch)
            logits = logits_at(model, on_device)
            labels = on_device["labels"].reshape(-1)
            flat = logits.reshape(-1, logits.shape[-1]).float()
            loss += torch.nn.functional.cross_entropy(flat, labels, ignore_index=-100, reduction="sum").cpu()
            count += int((labels != -100).sum())
    if trainer.is_world_process_zero() and data.base.task == "causal" and settings.strategy == "none":
        asked = Asked(model, tokens, settings, logits_at, METHODS[request.method].virtual)
        _samples(asked, data, int(trainer.state.global_step), folder)
    model.train(was_training)
    return {"eval_loss": float(loss) / max(count, 1)}


def _held_out_batches(data: session.Prepared, tokens: Tokens, size: int) -> Sequence[dict[str, Any]]:
    rows = sorted(list(itertools.islice(data.held_out_encoded, EVALUATED)), key=lambda row: len(row.ids))
    together: dict[Any, Callable[[Any, int], dict[str, Any]]] = {
        "causal": steps.filled, "seq2seq": steps.pairs, "classification": steps.classes,
    }  # fmt: skip
    make = together[data.base.task]
    return [make(rows[start : start + size], tokens.pad) for start in range(0, len(rows), size)]


def _samples(asked: Asked, data: session.Prepared, step: int, folder: Path) -> None:
    held = data.held_out
    if held is None or not asked.settings.samples:
        return
    with (folder / "samples.jsonl").open("a", encoding="utf-8") as stream:
        for example in [each for each in held.examples if each.answer][: asked.settings.samples]:
            answer = asked.write(example, held.labels)
            line = {"step": step, "number": example.number, "target": example.answer, "answer": answer}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _explained(error: Exception, folder: Path) -> LoupeError:
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if (why := no_room(error)) is not None:
        kept = next(checkpoints.whole(folder), None)
        what = f"the checkpoint of step {kept[0]} is whole" if kept else "no checkpoint was written yet"
        return StoreError(f"{why.capitalize()}: a checkpoint could not be written; {what}. Make room and resume.")
    if "out of memory" in text.lower() or "allocate memory" in text:
        return OutOfMemory(
            "The device has no memory left for a step; halve batch_size and double accumulate, or set "
            "checkpoint_activations."
        )
    return ModelFailed(f"Training failed: {text}")
