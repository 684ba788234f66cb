"""QLoRA: LoRA beside weights in 4 bits (NF4), so that the base takes a quarter of its memory while it is trained.

Source: Dettmers et al. 2023, “QLoRA: Efficient Finetuning of Quantized LLMs”. Through bitsandbytes and PEFT; the paged
optimizer needs CUDA. Knows nothing of training.
"""

from __future__ import annotations

from typing import Any

from core.tuning.methods import lora
from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """LoRA on a base that was loaded in 4 bits; norms and head in fp32, as in the paper."""
    from peft import prepare_model_for_kbit_training

    if not preparing.empty:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.checkpoint_activations)
    return lora.prepare(model, settings, preparing)


METHOD = Method(
    name="qlora",
    title="QLoRA",
    trains="The same as LoRA, beside weights that are kept in 4 bits (NF4). Quantization loses a little of the base.",
    when="When the base does not fit otherwise. It saves memory and costs time: weights are unpacked at every step. "
    "Unlike compression after training, the adapter learns with the quantized weights and makes up for them.",
    source="Dettmers et al. 2023",
    options=(*lora.OPTIONS, "double_quantization"),
    preset={"learning_rate": 5e-4, "epochs": 5},
    parts=("attention", "mlp"),
    prepare=prepare,
    quantized=True,
    tasks=("causal", "seq2seq"),
)
