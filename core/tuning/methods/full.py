"""Full fine-tuning: every weight is trained, and the result is a model of its own.

Knows nothing of training.
"""

from __future__ import annotations

from typing import Any

from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """The model itself, all of it trainable."""
    return model.requires_grad_(True)


METHOD = Method(
    name="full",
    title="Full",
    trains="Every weight of the model.",
    when="With many rows and much memory (weights, gradients and two optimizer states: four times the weights), or to "
    "know what the others are measured against. It forgets more of what the base could do.",
    source="",
    options=("keep_zeros",),
    preset={"learning_rate": 5e-5, "epochs": 3},
    parts=("embedding", "attention", "mlp", "norm", "head"),
    prepare=prepare,
    result="model",
)
