"""transformers' Trainer with Loupe's batches, losses and checkpoints.

The library does the loop, the optimizer, the schedule, accumulation, several processes and resuming; here is what a
batch is, what its loss is, and what of a checkpoint is the model's. Knows nothing of methods or of data.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from core.tuning.training import checkpoints
from core.tuning.training.logits import KeptLogits
from core.tuning.training.losses import cross_entropy, t_few


@cache
def trainer_class() -> Any:
    """The library's Trainer, made ours; a class that imports transformers when somebody trains, and not before.

    Further arguments: `logits`, of the model's batches; `t_few_losses`, `(unlikelihood, length_normalised)` or `None`
    for cross-entropy alone; `evaluated`, called at every look at held-out rows, whose figures are logged.
    """
    from torch.utils.data import SequentialSampler
    from transformers import Trainer

    class LoupeTrainer(Trainer):  # type: ignore[misc]
        def __init__(
            self,
            *args: Any,
            logits: KeptLogits,
            t_few_losses: tuple[bool, bool] | None,
            evaluated: Callable[[Any], dict[str, float]],
            **kwargs: Any,
        ) -> None:
            super().__init__(*args, **kwargs)
            self._logits, self._t_few, self._evaluated = logits, t_few_losses, evaluated
            self.model_accepts_loss_kwargs = True  # `compute_loss` divides by the targets of the whole update

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return SequentialSampler(self.train_dataset)  # the plan is the order

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            labels, logits = inputs["labels"], self._logits(model, inputs)
            if self._t_few is not None:
                first, second = self._t_few
                loss = t_few(logits, labels, int(inputs["group"]), unlikelihood=first, length_normalised=second)
                loss = loss / self.args.gradient_accumulation_steps
            else:
                targets = num_items_in_batch if num_items_in_batch is not None else (labels != -100).sum()
                loss = cross_entropy(logits, labels, targets)
                if num_items_in_batch is not None:
                    loss = loss * self.accelerator.num_processes  # the library averages gradients over processes
            return (loss, {"logits": logits}) if return_outputs else loss

        def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> Any:
            aligned = [{**batch, "shift_labels": batch["labels"]} for batch in batch_samples]  # with logits, already
            return super()._get_num_items_in_batch(aligned, device)

        def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
            figures = self._evaluated(self)
            self.log(dict(figures))
            control: Any = getattr(self, "control")  # noqa: B009 - the library gives it no type
            self.control = self.callback_handler.on_evaluate(self.args, self.state, control, figures)
            return figures

        def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
            folder = Path(output_dir or self.args.output_dir)
            checkpoints.save_trained(self.accelerator.unwrap_model(self.model), folder, state_dict)

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            unwrapped = self.accelerator.unwrap_model(model or self.model)
            checkpoints.load_trained(unwrapped, Path(resume_from_checkpoint))

    return LoupeTrainer


def arguments(folder: Path, **values: Any) -> Any:
    """The library's arguments that hold for every run, and `values`."""
    from transformers import TrainingArguments

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,  # one item of the data set is a whole batch
        num_train_epochs=1,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        average_tokens_across_devices=True,
        **values,
    )


def only(batch: list[Any]) -> Any:
    """The collator: the one item of a list is a batch already."""
    return batch[0]
