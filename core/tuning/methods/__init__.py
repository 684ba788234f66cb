"""All fine-tuning methods by name, in the order in which a page shows them. A further method is a file and a name here.

Knows nothing of what they do.
"""

from __future__ import annotations

from core.tuning.methods import (
    adapter,
    dora,
    full,
    ia3,
    last_layers,
    lora,
    p_tuning,
    prefix_tuning,
    prompt_tuning,
    qlora,
)
from core.tuning.methods.method import PARTS, Method, Part, Preparing, Task

__all__ = ["METHODS", "PARTS", "Method", "Part", "Preparing", "Task"]

METHODS: dict[str, Method] = {
    each.METHOD.name: each.METHOD
    for each in (
        *(lora, qlora, dora, ia3, prompt_tuning, p_tuning, prefix_tuning),
        *(adapter, full, last_layers),
    )
}
