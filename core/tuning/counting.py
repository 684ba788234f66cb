"""How many numbers a method would train, without loading a weight: the share that a page shows while one turns a dial.

Knows nothing of data or training.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.tuning.base import empty_model, find_base
from core.tuning.methods import METHODS, Preparing
from core.tuning.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class Counted:
    """Numbers of a model; `total` includes what the method adds."""

    trainable: int
    total: int

    @property
    def share(self) -> float:
        """Trained, of all."""
        return self.trainable / self.total


def count(ref: str, method: str, settings: TuneSettings) -> Counted:
    """What `method` would train of the model `ref`.

    Raises:
        LoupeError: the model cannot be trained, or not by this method; one sentence.
    """
    relevant = {name: getattr(settings, name) for name in (*METHODS[method].options, "labels")}
    return _count(find_base(ref).ref, method, tuple(sorted(relevant.items())))


@lru_cache(maxsize=256)
def _count(ref: str, method: str, relevant: tuple[tuple[str, Any], ...]) -> Counted:
    base, settings = find_base(ref), TuneSettings(**dict(relevant))
    model = empty_model(base, settings.labels)
    preparing = Preparing(base.task, base.folder, base.hub_name, empty=True)
    prepared = METHODS[method].prepare(model, settings, preparing)
    return counted(prepared)


def counted(model: Any) -> Counted:
    """The numbers of a model that a method has prepared; weights in 4 bits count one a weight."""
    trainable = total = 0
    for parameter in model.parameters():
        size = parameter.numel()
        if type(parameter).__name__ == "Params4bit":
            size *= 2 * parameter.element_size() if parameter.dtype.is_floating_point else 2
        total += size
        trainable += size if parameter.requires_grad else 0
    return Counted(trainable, total)
