"""How many parts of a model stay: heads in whole key-value groups, channels in round numbers, layers one by one.

Computed from the configuration alone, so that what is promised before is what is then done. Knows nothing of weights.
"""

from __future__ import annotations

from typing import Any

from core.compression.loading import offline
from core.errors import InvalidInput, Unsupported

PARTS = ("heads", "channels", "layers")
"""Structures whose parts are taken out for real."""
KEYS = {
    "heads": ("num_attention_heads", "hidden_size"),
    "channels": ("intermediate_size",),
    "layers": ("num_hidden_layers",),
}
"""Numbers of the configuration without which a structure cannot be counted."""
ROUND = (64, 32, 16, 8, 4, 2, 1)
"""Multiples to which channels are rounded: quantization in groups, GGUF's blocks and 2:4 need such widths."""
LEAST_STEPS = 8
"""Of the multiples, the largest that leaves this many steps is taken."""


def how_many(config: dict[str, Any], structure: str, sparsity: float) -> tuple[int, int]:
    """How many parts stay, and how many there are: at least one stays, and one goes at least.

    Args:
        config: config.json, or the like.
        structure: heads (counted in key-value groups), channels or layers.
        sparsity: share that goes.

    Raises:
        InvalidInput: there is only one, or the configuration does not take what would stay; shares that it takes are
            named.
        Unsupported: it takes no smaller number.
    """
    what = "key-value groups of heads" if structure == "heads" else structure
    count = part_count(config, structure)
    if count < 2:
        raise InvalidInput(f"The model has a single one of its {what}, so none can be taken out.", "structure")
    unit = next(each for each in ROUND if count >= each * LEAST_STEPS or each == 1) if structure == "channels" else 1
    most = (count - 1) // unit * unit
    kept = min(max(unit, round(count * (1 - sparsity) / unit) * unit), most)
    if structure == "heads":
        _require_allowed(config, kept, count)
    return kept, count


def part_count(config: dict[str, Any], structure: str) -> int:
    """How many parts there are; configurations older than grouped queries name no groups: each head is one."""
    match structure:
        case "heads":
            return int(config.get("num_key_value_heads") or config["num_attention_heads"])
        case "channels":
            return int(config["intermediate_size"])
        case _:
            return int(config["num_hidden_layers"])


def _require_allowed(config: dict[str, Any], kept: int, groups: int) -> None:
    """Ask the family's own configuration class, which refuses some numbers of heads when the model is saved."""
    if _allowed(config, kept, groups):
        return
    shares = [f"{1 - each / groups:.4g}" for each in range(groups - 1, 0, -1) if _allowed(config, each, groups)]
    family, heads = config.get("model_type"), config["num_attention_heads"]
    if not shares:
        raise Unsupported(
            f"A {family} with {heads} heads takes no smaller number of them; take out channels or layers."
        )
    raise InvalidInput(
        f"That would leave {kept * heads // groups} of {heads} heads, which a {family} of width "
        f"{config['hidden_size']} does not take; sparsity may be {' or '.join(shares)}.",
        "sparsity",
    )


def _allowed(config: dict[str, Any], kept: int, groups: int) -> bool:
    offline()
    from transformers import CONFIG_MAPPING

    heads = int(config["num_attention_heads"])
    changed = {
        "num_attention_heads": kept * heads // groups,
        "num_key_value_heads": kept,
        "head_dim": config.get("head_dim") or int(config["hidden_size"]) // heads,
    }
    try:
        CONFIG_MAPPING[config["model_type"]].from_dict({**config, **changed})
    except Exception:  # each class has errors of its own
        return False
    return True
