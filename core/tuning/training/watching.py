"""What hears of every step of a run: tells it, seals checkpoints, stops when asked or when a number is none any more.

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
from core.tuning.training.teller import Stopped, Teller

EVENTS = ("on_log", "on_step_end", "on_evaluate", "on_save")
CURVES = "curves.json"
TOLD = {"loss": "loss", "grad_norm": "gradient norm", "learning_rate": "learning rate"}
WATCHED = {"loss": "The loss", "grad_norm": "The gradient norm"}


class Watch:
    """One run.

    Args:
        teller: hears of every step, and is asked whether to stop.
        total: steps of the run.
        tokens: of rows in a step, by its number from 1.
        memory: bytes held at this moment.

    Attributes:
        error: what ended the run early, to be raised once the library has come to its end.
        diverged: what was not a finite number any more, and at which step, in words.
        losses: step and loss of every step.
        held_out: step and loss of every look at held-out rows.
    """

    def __init__(
        self, teller: Teller, total: int, *, tokens: Callable[[int], int], memory: Callable[[], float]
    ) -> None:
        self._teller, self._total, self._tokens, self._memory = teller, total, tokens, memory
        self._last = time.perf_counter()
        self.error: BaseException | None = None
        self.diverged = ""
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
        # a gradient that is no number has made every weight it touched none, whatever the loss says
        odd = next((ours for theirs, ours in WATCHED.items() if not math.isfinite(logs.get(theirs, 0.0))), None)
        if odd is not None:
            self._end(f"{odd} at step {step}", control)
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
        asked: BaseException | None = None
        try:
            self._teller.check()
        except BaseException as error:
            asked = error
        if any_process(asked is not None, args.device):  # one that stopped alone would leave the others waiting for it
            self.error = asked or Stopped()
            control.should_save = True
            control.should_training_stop = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Looking is not training: the next step's speed counts from here."""
        self._last = time.perf_counter()

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint is written: say that it is whole, unless what it holds is no use; older ones go then."""
        run, first = Path(args.output_dir), bool(state.is_world_process_zero)
        folder = run / f"checkpoint-{state.global_step}"
        broken = first and not checkpoints.is_finite(folder)
        if any_process(broken, args.device):  # by then every process has written its files
            self._end(f"A trained weight at step {state.global_step}", control)
        elif first:
            curves = {"losses": self.losses, "held_out": self.held_out}
            (folder / CURVES).write_text(json.dumps(curves), encoding="utf-8")
            checkpoints.seal(folder)
            checkpoints.keep(run, checkpoints.KEPT)
        self._last = time.perf_counter()

    def _end(self, what: str, control: Any) -> None:
        self.diverged = self.diverged or what
        control.should_training_stop = True
        control.should_save = control.should_evaluate = False

    def take_up(self, folder: Path) -> None:
        """The curves as they were at a checkpoint."""
        self.losses, self.held_out = curves_of(folder)


def any_process(here: bool, where: Any) -> bool:
    """Whether one of the processes of a run says so; each waits here for the others. `where`: its device."""
    import torch
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return here
    said = torch.tensor(float(here), device=where)
    distributed.all_reduce(said, op=distributed.ReduceOp.MAX)
    return bool(said.item())


def curves_of(folder: Path) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Losses, and losses on held-out rows, that a checkpoint keeps: step and value."""
    found = json.loads((folder / CURVES).read_text(encoding="utf-8"))
    losses, held_out = ([(int(step), float(value)) for step, value in found[name]] for name in ("losses", "held_out"))
    return losses, held_out
