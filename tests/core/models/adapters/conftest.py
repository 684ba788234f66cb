"""Adapters for the tiny model as PEFT writes them, with weights that change what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

METHODS = ("lora", "rslora", "dora", "ia3", "prompt-tuning", "p-tuning", "prefix-tuning")
Make = Callable[..., str]


def config_of(method: str, **options: Any) -> Any:
    """PEFT's configuration of a method, small."""
    from peft import IA3Config, LoraConfig, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig

    task = {"task_type": "CAUSAL_LM"}
    match method:
        case "lora" | "rslora" | "dora":
            flags = {"use_rslora": method == "rslora", "use_dora": method == "dora"}
            given = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"]}
            return LoraConfig(**task, **flags, **given | options)
        case "ia3":
            given = {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
            return IA3Config(**task, **given | options)
        case "prompt-tuning":
            return PromptTuningConfig(**task, **{"num_virtual_tokens": 5} | options)
        case "p-tuning":
            return PromptEncoderConfig(**task, **{"num_virtual_tokens": 5, "encoder_hidden_size": 16} | options)
        case "prefix-tuning":
            return PrefixTuningConfig(**task, **{"num_virtual_tokens": 5} | options)
    raise AssertionError(method)


@pytest.fixture
def make(tiny_model: Path, tmp_path: Path) -> Make:
    """Write an adapter of a method and return its folder as a reference names it; `seed` draws its weights."""

    def made(method: str, *, seed: int = 1, base: Path = tiny_model, name: str = "", **options: Any) -> str:
        import torch
        from peft import get_peft_model
        from transformers import AutoModelForCausalLM

        torch.manual_seed(seed)
        model = get_peft_model(
            AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), config_of(method, **options)
        )
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.add_(torch.randn_like(parameter) * 0.2)
        folder = tmp_path / (name or f"{method}-{seed}")
        model.save_pretrained(str(folder))
        return str(folder)

    return made
