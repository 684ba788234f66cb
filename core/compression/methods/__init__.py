"""The methods, one file each; a further one is a further file and its name here.

Knows nothing of what they do.
"""

from __future__ import annotations

import importlib
from typing import cast

from core.compression.methods.base import Method, MethodModule, Work
from core.errors import InvalidInput

NAMES = ("int8", "nf4", "fp4", "gptq", "gguf", "prune", "distill")


def module_of(name: str) -> MethodModule:
    """The module of a method.

    Raises:
        InvalidInput: there is none of that name.
    """
    if name not in NAMES:
        raise InvalidInput(f"There is no method {name[:40]!r}; there are {', '.join(NAMES)}.", "method")
    return cast(MethodModule, importlib.import_module(f"core.compression.methods.{name}"))


def find_method(name: str) -> Method:
    """What a method is; raises as `module_of`."""
    return module_of(name).METHOD


def all_methods() -> list[Method]:
    """Every method, in the order of the tabs."""
    return [find_method(name) for name in NAMES]


__all__ = ["NAMES", "Method", "MethodModule", "Work", "all_methods", "find_method", "module_of"]
