"""Prefix tuning: trained keys and values stand before the prompt's in every layer.

Source: Li and Liang 2021, “Prefix-Tuning: Optimizing Continuous Prompts for Generation”. Through PEFT, with its start
at the keys and values of a text. Knows nothing of training.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput
from core.tuning.methods.lora import TASKS
from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """The model in PEFT's wrapper, its prefix at the keys and values of the text where there is one."""
    from peft import PrefixTuningConfig, get_peft_model

    count = settings.virtual_tokens
    starts = settings.initial == "text" and not settings.reparametrised and preparing.task == "causal"
    ids: list[int] = []
    if starts and not preparing.empty:
        ids = _tokens(preparing, count)
        count = len(ids)
    config = PrefixTuningConfig(
        task_type=TASKS[preparing.task],
        num_virtual_tokens=count,
        prefix_projection=settings.reparametrised,
        encoder_hidden_size=settings.encoder_size if settings.reparametrised else None,
        base_model_name_or_path=preparing.base,
    )
    wrapped = get_peft_model(model, config, low_cpu_mem_usage=preparing.empty)
    if ids:
        import torch
        from peft.tuners.cartridge.utils import initialize_kv_prefix_from_past_key_values

        with torch.no_grad():
            past = model(input_ids=torch.tensor([ids], device=model.device), use_cache=True).past_key_values
        initialize_kv_prefix_from_past_key_values(wrapped, past_key_values=past)
    return wrapped


def _tokens(preparing: Preparing, count: int) -> list[int]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(preparing.folder, local_files_only=True)
    ids: list[int] = tokenizer(preparing.text, add_special_tokens=False)["input_ids"]
    return (ids * (1 + count // max(len(ids), 1)))[:count]


def _check(settings: TuneSettings) -> None:
    if settings.checkpoint_activations:
        raise InvalidInput(
            "Prefix tuning needs the keys and values that checkpoint_activations throws away; switch it off.",
            "checkpoint_activations",
        )


METHOD = Method(
    name="prefix-tuning",
    title="Prefix tuning",
    trains="Keys and values before the prompt's in every layer: all are steered, not the first alone.",
    when="Stronger than prompt tuning at the same length. Starts from a text's keys and values; with "
    "reparametrisation they come from a small network, as in the paper.",
    source="Li and Liang 2021",
    options=("virtual_tokens", "initial", "initial_text", "reparametrised", "encoder_size"),
    preset={"learning_rate": 5e-3, "epochs": 8, "virtual_tokens": 20},
    parts=("keys-values",),
    prepare=prepare,
    virtual=True,
    tasks=("causal", "seq2seq"),
    check=_check,
)
