"""Settings that a method reads and that have no effect beside the others: refused by a request, left out by a page.

Knows nothing of where the values come from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.compression.methods.base import CALIBRATION


def idle(method: str, value: Callable[[str], Any]) -> dict[str, str]:
    """Names of such settings, each with why.

    Args:
        method: its name.
        value: of a setting of that name.
    """
    found: dict[str, str] = {}
    match method:
        case "gptq" if not value("calibrated"):
            found |= dict.fromkeys((*CALIBRATION, "dampening"), "rounding to nearest looks at no text")
        case "prune":
            if value("structure") == "2:4":
                found["sparsity"] = "2:4 always takes half of the weights"
            if value("criterion") == "magnitude":
                found |= dict.fromkeys(CALIBRATION, "magnitude looks at no text")
            if value("criterion") != "sparsegpt":
                found["dampening"] = "only sparsegpt inverts a Hessian"
        case "distill":
            if value("student"):
                found |= dict.fromkeys(("layers", "keep"), "a student is named, whose layers are what they are")
            elif value("layers"):
                found["keep"] = "layers says which ones the student keeps"
            if value("hard_only"):
                found |= dict.fromkeys(("temperature", "alpha"), "hard_only trains without the teacher")
    return found
