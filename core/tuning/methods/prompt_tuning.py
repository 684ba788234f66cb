"""Prompt tuning: trained vectors stand before the prompt's, as words would that no vocabulary has.

Source: Lester et al. 2021, “The Power of Scale for Parameter-Efficient Prompt Tuning”. Through PEFT. Knows nothing of
training.
"""

from __future__ import annotations

from typing import Any

from core.tuning.methods.lora import TASKS
from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """The model in PEFT's wrapper."""
    from peft import PromptTuningConfig, get_peft_model

    kind = {"text": "TEXT", "vocabulary": "SAMPLE_VOCAB", "random": "RANDOM"}[settings.initial]
    if preparing.empty:
        kind = "RANDOM"
    words: dict[str, Any] = {}
    if kind == "TEXT":
        words = {
            "prompt_tuning_init_text": preparing.text,
            "tokenizer_name_or_path": str(preparing.folder),
            "tokenizer_kwargs": {"local_files_only": True},
        }
    config = PromptTuningConfig(
        task_type=TASKS[preparing.task],
        num_virtual_tokens=settings.virtual_tokens,
        prompt_tuning_init=kind,
        base_model_name_or_path=preparing.base,
        **words,
    )
    wrapped = get_peft_model(model, config, low_cpu_mem_usage=preparing.empty)
    if kind == "TEXT":  # what stays in the file names the base, and not where the hub or a conversion has put it
        wrapped.peft_config["default"].tokenizer_name_or_path = preparing.base
    return wrapped


METHOD = Method(
    name="prompt-tuning",
    title="Prompt tuning",
    trains="A few vectors before the prompt. Nothing inside the model changes.",
    when="When the base must stay as it is and answers only need steering. Small models gain less than large ones; the "
    "start and the learning rate decide whether it works at all.",
    source="Lester et al. 2021",
    options=("virtual_tokens", "initial", "initial_text"),
    preset={"learning_rate": 2e-2, "epochs": 8, "initial": "text", "virtual_tokens": 20},
    parts=("prompt",),
    prepare=prepare,
    virtual=True,
)
