"""Which runner a model gets: slots if it computes the same in them, otherwise solo.

Architectures are tried, not listed: a few tokens through the slots must give the logits of a plain forward pass. What
a short trial cannot show (rotary scaling by length, layers that are neither full nor sliding-window attention) is read
from the configuration. Knows nothing of sampling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.generation.decoding.decoder import Runner
from core.generation.decoding.prompts import Prompts
from core.generation.decoding.slots import Slots
from core.generation.decoding.solo import Solo
from core.log import get_log
from core.models.adapters.soft_prompts import Beginning

if TYPE_CHECKING:
    import torch

PROMPT_CACHE_BYTES = 512 * 1024**2
PLAIN_LAYERS = {"full_attention", "sliding_attention"}
LENGTH_DEPENDENT_ROPE = {"dynamic", "longrope"}
ROUNDING = {4: 1e-3, 2: 8e-2, 1: 8e-2}
"""How far logits may differ, as a share of the largest, by bytes a weight: rounding, over all layers."""


def choose_runner(model: Any, device: torch.device, beginning: Beginning | None = None) -> Runner:
    """The runner for a model, tried if need be; `beginning` comes before every prompt. Takes three short passes."""
    import torch

    config = model.config.get_text_config()
    usual = config._attn_implementation
    plain = usual == "sdpa" and not _mixes_rows(model)
    layers = set(getattr(config, "layer_types", None) or PLAIN_LAYERS)
    if plain and layers <= PLAIN_LAYERS and not _rope_types(config) & LENGTH_DEPENDENT_ROPE:
        ids = [(37 * i) % min(config.vocab_size, 1000) for i in range(1, 10)]
        with torch.inference_mode():
            tokens = torch.tensor([ids], device=device)
            expected = model(input_ids=tokens, use_cache=False).logits[0, -1].float().cpu()
            slots = Slots(model, device, Prompts(PROMPT_CACHE_BYTES))
            if _agrees(slots, ids, expected, config):
                slots.beginning = beginning
                return slots
    model.set_attn_implementation(usual)
    return Solo(model, device, beginning)


def _mixes_rows(model: Any) -> bool:
    """LLM.int8 looks at all rows of a batch for the columns it keeps in 16 bits: an answer would depend on others."""
    return any(type(module).__name__ == "Linear8bitLt" for module in model.modules())


def _agrees(slots: Slots, ids: list[int], expected: torch.Tensor, config: Any) -> bool:
    row = slots.join()
    try:
        slots.prefill(row, ids[:-1])
        found = slots.step([row], ids[-1:])[0]
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError, NotImplementedError) as error:
        get_log().info("%s does not run in slots: %s", config.model_type, error)
        return False
    finally:
        slots.leave(row)
    slots.prompts.clear()
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    if window is not None and window not in slots.windows:
        get_log().info("%s does not tell its sliding window", config.model_type)
        return False
    tolerance = ROUNDING[slots.itemsize] * float(expected.abs().max().clamp(min=1))
    return bool((found - expected).abs().max() <= tolerance)


def _rope_types(config: Any) -> set[str]:
    parameters = getattr(config, "rope_parameters", None) or {}
    nested = [value for value in parameters.values() if isinstance(value, dict)]
    return {str(entry.get("rope_type", "default")) for entry in (parameters, *nested)}
