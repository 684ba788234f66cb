"""What hears of every step of a run: tells it, seals checkpoints, stops when asked or when a loss is no number.

Its methods are named as transformers' callbacks are. Knows nothing of models or data beyond how many tokens a step has.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.tuning.training import checkpoints
from core.tuning.training.teller import Teller

EVENTS = ("on_log", "on_step_end", "on_evaluate", "on_save")
CURVES = "curves.json"
TOLD = {"loss": "loss", "grad_norm": "gradient norm", "learning_rate": "learning rate"}


class Watch:
    """One run.

    Args:
        teller: hears of every step, and is asked whether to stop.
        total: steps of the run.
        tokens: of rows in a step, by its number from 1.
        memory: bytes held at this moment.

    Attributes:
        error: what ended the run early, to be raised once the library has come to its end.
        diverged: the step whose loss was not a finite number.
        losses: step and loss of every step.
        held_out: step and loss of every look at held-out rows.
    """

    def __init__(
        self, teller: Teller, total: int, *, tokens: Callable[[int], int], memory: Callable[[], float]
    ) -> None:
        self._teller, self._total, self._tokens, self._memory = teller, total, tokens, memory
        self._last = time.perf_counter()
        self.error: BaseException | None = None
        self.diverged: int | None = None
        self.losses: list[tuple[int, float]] = []
        self.held_out: list[tuple[int, float]] = []

    def callback(self) -> Any:
        """It as the library wants it."""
        from transformers import TrainerCallback

        made = TrainerCallback()
        for event in EVENTS:
            setattr(made, event, getattr(self, event))
        return made

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Tell a step's figures."""
        logs, step = logs or {}, int(state.global_step)
        for theirs, ours in TOLD.items():
            if theirs in logs:
                self._teller.metric(ours, step, float(logs[theirs]))
        if "loss" in logs:
            self.losses.append((step, float(logs["loss"])))
            if not math.isfinite(logs["loss"]):
                self.diverged = step
                control.should_training_stop = True
                control.should_save = False
        if "eval_loss" in logs:
            self.held_out.append((step, float(logs["eval_loss"])))
            self._teller.metric("eval loss", step, float(logs["eval_loss"]))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell how far it is, and look whether the run shall stop; the state of this step is saved then."""
        step, now = int(state.global_step), time.perf_counter()
        self._teller.metric("memory", step, self._memory())
        self._teller.metric("tokens/s", step, self._tokens(step) / max(now - self._last, 1e-9))
        self._teller.progress(step, self._total, "steps", "training")
        self._last = now
        if step >= self._total:
            control.should_save = True
        try:
            self._teller.check()
        except BaseException as error:
            self.error = error
            control.should_save = True
            control.should_training_stop = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Looking is not training: the next step's speed counts from here."""
        self._last = time.perf_counter()

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint is written: say that it is whole."""
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            curves = {"losses": self.losses, "held_out": self.held_out}
            (folder / CURVES).write_text(json.dumps(curves), encoding="utf-8")
            checkpoints.seal(folder)
        self._last = time.perf_counter()

    def take_up(self, folder: Path) -> None:
        """The curves as they were at a checkpoint."""
        self.losses, self.held_out = curves_of(folder)


def curves_of(folder: Path) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Losses, and losses on held-out rows, that a checkpoint keeps: step and value."""
    found = json.loads((folder / CURVES).read_text(encoding="utf-8"))
    losses, held_out = ([(int(step), float(value)) for step, value in found[name]] for name in ("losses", "held_out"))
    return losses, held_out
