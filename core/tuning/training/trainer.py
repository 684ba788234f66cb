"""transformers' Trainer with Loupe's batches, losses and checkpoints.

The library does the loop, the optimizer, the schedule, accumulation, several processes and resuming; here is what a
batch is, what its loss is, and what of a checkpoint is the model's. Logits are computed only where a token is learned,
which for short answers saves most of the output layer. Knows nothing of methods or of data.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerCallback, TrainingArguments

from core.tuning.methods import Task
from core.tuning.training import checkpoints
from core.tuning.training.losses import cross_entropy, t_few


class LoupeTrainer(Trainer):  # type: ignore[misc]
    """See the file's beginning.

    Args:
        task: what the model is.
        virtual: vectors that the model puts before every row, by which positions of logits are shifted.
        t_few_losses: `(unlikelihood, length_normalised)`, or `None` for cross-entropy alone.
        evaluated: called at every look at held-out rows; its figures are logged.
        sampler: orders batches; by default as they stand.
    """

    def __init__(
        self,
        *args: Any,
        task: Task,
        virtual: int = 0,
        t_few_losses: tuple[bool, bool] | None = None,
        evaluated: Callable[[Any], dict[str, float]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._task = task
        self._virtual = virtual
        self._t_few = t_few_losses
        self._evaluated = evaluated
        base = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        self._keeps = task == "causal" and "logits_to_keep" in inspect.signature(base.forward).parameters
        self._uses_past = getattr(getattr(self.model, "active_peft_config", None), "peft_type", "") == "PREFIX_TUNING"
        self.model_accepts_loss_kwargs = True  # `compute_loss` divides by the targets of the whole update

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        from torch.utils.data import SequentialSampler

        return SequentialSampler(self.train_dataset)  # the plan is the order

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Sum of the losses of this batch over the number of targets of the whole update."""
        labels, group = inputs["labels"], inputs.get("group")
        logits = self.logits(model, inputs)
        if group is not None and self._t_few is not None:
            loss = t_few(logits, labels, int(group), unlikelihood=self._t_few[0], length_normalised=self._t_few[1])
            loss = loss / self.args.gradient_accumulation_steps
        else:
            targets = num_items_in_batch if num_items_in_batch is not None else (labels != -100).sum()
            loss = cross_entropy(logits, labels, targets)
            if num_items_in_batch is not None and self.args.average_tokens_across_devices:
                loss = loss * self.accelerator.num_processes  # the library averages gradients over processes
        return (loss, {"logits": logits}) if return_outputs else loss

    def logits(self, model: Any, inputs: dict[str, Any]) -> Any:
        """Logits of a batch, at its kept positions only where the model can leave out the rest."""
        labels = inputs["labels"]
        given = {
            name: value for name, value in inputs.items() if name in ("input_ids", "attention_mask", "position_ids")
        }
        if self._task != "causal":
            outputs = model(**given, labels=labels)
            return outputs.logits
        keep = inputs["keep"].to(labels.device) + self._virtual
        if not self._uses_past:
            given["use_cache"] = False
        if self._keeps:
            return model(**given, logits_to_keep=keep).logits
        return model(**given).logits[:, keep]

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> Any:
        shared = [{**batch, "shift_labels": batch["labels"]} for batch in batch_samples]  # aligned with logits already
        return super()._get_num_items_in_batch(shared, device)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The figures of `evaluated`, logged as the library does its own."""
        figures = self._evaluated(self) if self._evaluated is not None else {}
        self.log(dict(figures))
        control: Any = getattr(self, "control")  # noqa: B009 - the library gives it no type
        self.control = self.callback_handler.on_evaluate(self.args, self.state, control, figures)
        return figures

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        checkpoints.save_trained(self.accelerator.unwrap_model(self.model), folder, state_dict)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        checkpoints.load_trained(self.accelerator.unwrap_model(model or self.model), Path(resume_from_checkpoint))


def arguments(folder: Path, **values: Any) -> TrainingArguments:
    """Arguments of the library that hold for every run, and `values`."""
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
        save_total_limit=2,
        **values,
    )


def only(batch: list[Any]) -> Any:
    """The collator: the one item of a list is a batch already."""
    return batch[0]


class Watch(TrainerCallback):  # type: ignore[misc]
    """Hears of every step: tells it, seals checkpoints, stops when asked or when the loss is not a number.

    Attributes:
        error: what ended the run early, to be raised once the library has come to its end.
        diverged: the step whose loss was not a finite number.
    """

    def __init__(self, teller: Any, *, stops: Callable[[], None], measured: Callable[[], float]) -> None:
        self._teller = teller
        self._stops = stops
        self._measured = measured
        self.error: BaseException | None = None
        self.diverged: int | None = None
        self.losses: list[tuple[int, float]] = []
        self.held_out: list[tuple[int, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Tell a step's figures."""
        logs = logs or {}
        step = int(state.global_step)
        for theirs, ours in (("loss", "loss"), ("grad_norm", "gradient norm"), ("learning_rate", "learning rate")):
            if theirs in logs:
                self._teller.metric(ours, step, float(logs[theirs]))
        if "loss" in logs:
            loss = float(logs["loss"])
            self.losses.append((step, loss))
            if loss != loss or loss in (float("inf"), float("-inf")):
                self.diverged = step
                control.should_training_stop = True
                control.should_save = False
        if "eval_loss" in logs:
            self.held_out.append((step, float(logs["eval_loss"])))
            for name, value in logs.items():
                if name.startswith("eval_"):
                    self._teller.metric(name.replace("_", " "), step, float(value))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Look whether the run shall stop; the state of this step is saved then."""
        self._teller.metric("memory", int(state.global_step), self._measured())
        try:
            self._stops()
        except BaseException as error:
            self.error = error
            control.should_save = True
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint is written: say that it is whole."""
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            (folder / "curves.json").write_text(
                json.dumps({"losses": self.losses, "held_out": self.held_out}), encoding="utf-8"
            )
            checkpoints.seal(folder)

    def take_up(self, folder: Path) -> None:
        """The curves as they were at a checkpoint."""
        found = json.loads((folder / "curves.json").read_text(encoding="utf-8"))
        self.losses = [(int(step), float(value)) for step, value in found["losses"]]
        self.held_out = [(int(step), float(value)) for step, value in found["held_out"]]
