"""IA3: keys, values and the middle of each feed-forward block are multiplied by trained numbers.

Source: Liu et al. 2022, “Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning”
(T-Few), whose two further losses are in `core.tuning.training.losses`. Through PEFT. Knows nothing of training.
"""

from __future__ import annotations

import re
from typing import Any

from core.errors import Unsupported
from core.tuning.methods.lora import TASKS
from core.tuning.methods.method import Method, Preparing
from core.tuning.methods.targets import linear_layers, suffixes
from core.tuning.settings import TuneSettings

KEYS_VALUES = re.compile(r"(^|\.)(k_proj|v_proj|k|v|key|value|query_key_value|c_attn|Wqkv|qkv_proj)$")
DOWN = re.compile(r"(^|\.)(down_proj|wo|fc2|c_proj|dense_4h_to_h|w2)$|(^|\.)output\.dense$")


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """The model in PEFT's wrapper.

    Raises:
        Unsupported: its layers have names of which nobody knows what they are.
    """
    from peft import IA3Config, get_peft_model

    keys = [name for name in linear_layers(model, "attention") if KEYS_VALUES.search(name)]
    down = [name for name in linear_layers(model, "mlp") if DOWN.search(name)]
    if not keys or not down:
        raise Unsupported(f"IA3 does not know which layers of a {type(model).__name__} are keys and values; use LoRA.")
    config = IA3Config(
        task_type=TASKS[preparing.task],
        target_modules=suffixes(keys + down),
        feedforward_modules=suffixes(down),
        base_model_name_or_path=preparing.base,
    )
    return get_peft_model(model, config, low_cpu_mem_usage=preparing.empty)


METHOD = Method(
    name="ia3",
    title="IA3",
    trains="One factor for each number of every key, value and feed-forward middle: the fewest numbers of all methods "
    "that reach into the layers.",
    when="With few rows, or very many adapters: each is a few hundred kilobytes. Rows with labels train with T-Few's "
    "three losses.",
    source="Liu et al. 2022 (T-Few)",
    options=("unlikelihood", "length_normalised", "wrong_labels"),
    preset={"learning_rate": 2e-2, "epochs": 8, "batch_size": 8, "warmup": 0.06},
    parts=("keys-values", "mlp"),
    prepare=prepare,
)
