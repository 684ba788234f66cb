"""DoRA: LoRA for the direction of a weight, and a trained length for each of its columns.

Source: Liu et al. 2024, “DoRA: Weight-Decomposed Low-Rank Adaptation”. Through PEFT. Knows nothing of training.
"""

from __future__ import annotations

from typing import Any

from core.tuning.methods import lora
from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """As LoRA, with magnitudes."""
    return lora.prepare(model, settings, preparing, dora=True)


METHOD = Method(
    name="dora",
    title="DoRA",
    trains="LoRA's two matrices turn each weight; beside them, one number for each output gives its length.",
    when="When LoRA at a low rank is not enough: it learns more like full fine-tuning, at twice the activations. It "
    "can be merged.",
    source="Liu et al. 2024",
    options=lora.OPTIONS,
    preset={"learning_rate": 5e-4, "epochs": 5},
    parts=("attention", "mlp"),
    prepare=prepare,
)
