"""P-tuning: the vectors before the prompt come from a small network, which is trained and then thrown away.

Source: Liu et al. 2021, “GPT Understands, Too”. Through PEFT, which keeps the vectors only. Knows nothing of training.
"""

from __future__ import annotations

from typing import Any

from core.tuning.methods.lora import TASKS
from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """The model in PEFT's wrapper."""
    from peft import PromptEncoderConfig, get_peft_model

    config = PromptEncoderConfig(
        task_type=TASKS[preparing.task],
        num_virtual_tokens=settings.virtual_tokens,
        encoder_reparameterization_type=settings.encoder.upper(),
        encoder_hidden_size=settings.encoder_size,
        encoder_dropout=settings.dropout,
        base_model_name_or_path=preparing.base,
    )
    return get_peft_model(model, config, low_cpu_mem_usage=preparing.empty)


METHOD = Method(
    name="p-tuning",
    title="P-tuning",
    trains="A small network (LSTM or MLP) that makes the vectors before the prompt; afterwards only the vectors stay.",
    when="Where prompt tuning does not learn: the network ties the vectors together, which makes training steadier.",
    source="Liu et al. 2021",
    options=("virtual_tokens", "encoder", "encoder_size", "dropout"),
    preset={"learning_rate": 2e-3, "epochs": 8, "virtual_tokens": 20},
    parts=("prompt",),
    prepare=prepare,
    virtual=True,
)
