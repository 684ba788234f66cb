"""LoRA: a product of two thin matrices is added to each chosen weight, and only they are trained.

Source: Hu et al. 2021, “LoRA: Low-Rank Adaptation of Large Language Models”; Kalajdzievski 2023, “A Rank Stabilization
Scaling Factor” (rsLoRA). Through PEFT. Knows nothing of training.
"""

from __future__ import annotations

from typing import Any

from core.tuning.methods.method import Method, Preparing, Task
from core.tuning.methods.targets import linear_layers, suffixes
from core.tuning.settings import TuneSettings

TASKS: dict[Task, str] = {"causal": "CAUSAL_LM", "seq2seq": "SEQ_2_SEQ_LM", "classification": "SEQ_CLS"}
OPTIONS = ("rank", "alpha", "dropout", "targets", "rank_stabilised")


def prepare(model: Any, settings: TuneSettings, preparing: Preparing, *, dora: bool = False) -> Any:
    """The model in PEFT's wrapper, its weights frozen."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        task_type=TASKS[preparing.task],
        r=settings.rank,
        lora_alpha=int(settings.alpha) if float(settings.alpha).is_integer() else settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=suffixes(linear_layers(model, settings.targets)),
        use_rslora=settings.rank_stabilised,
        use_dora=dora,
        base_model_name_or_path=preparing.base,
    )
    return get_peft_model(model, config, low_cpu_mem_usage=preparing.empty)


METHOD = Method(
    name="lora",
    title="LoRA",
    trains="Two thin matrices beside each chosen weight; their product is added to it. The weights themselves stay.",
    when="The one to try first: close to full fine-tuning at a hundredth of the numbers. It can be merged into the "
    "weights, so that the tuned model is as fast as the base.",
    source="Hu et al. 2021; rank-stabilised scaling: Kalajdzievski 2023",
    options=OPTIONS,
    preset={"learning_rate": 5e-4, "epochs": 5},
    parts=("attention", "mlp"),
    prepare=prepare,
)
