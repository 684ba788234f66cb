"""Logits of a batch where a token is learned, the same way in training, in looks, in comparisons and in estimates.

Knows nothing of losses, and nothing of methods beyond what PEFT says of a model.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from core.tuning.methods import Task

_GIVEN = ("input_ids", "attention_mask", "position_ids")


class KeptLogits:
    """Logits of one model's batches; call it with the model, or with what wraps it in several processes.

    Args:
        model: as a method prepared it, or as it was loaded.
        task: what it is.
    """

    def __init__(self, model: Any, task: Task) -> None:
        config = getattr(model, "active_peft_config", None)
        kind = str(getattr(getattr(config, "peft_type", None), "value", ""))
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._task = task
        self._shift = int(config.num_virtual_tokens) if kind in ("PROMPT_TUNING", "P_TUNING") else 0  # type: ignore[union-attr]
        self._options = {} if kind == "PREFIX_TUNING" else {"use_cache": False}  # a prefix comes as past keys
        self._keeps = "logits_to_keep" in inspect.signature(base.forward).parameters

    def __call__(self, model: Any, batch: Mapping[str, Any]) -> Any:
        """Logits in the shape of `batch["labels"]`, and one dimension more; of a decoder at `batch["keep"]` only."""
        given = {name: batch[name] for name in _GIVEN if name in batch}
        if self._task != "causal":
            return model(**given, labels=batch["labels"]).logits
        keep = batch["keep"] + self._shift
        if self._keeps:
            return model(**given, **self._options, logits_to_keep=keep).logits
        return model(**given, **self._options).logits[:, keep]
