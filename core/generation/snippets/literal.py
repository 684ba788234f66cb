"""Values as Python source, laid out as a person would write them; strings can hold anything and end nowhere early."""

from __future__ import annotations

import json
from typing import Any


def literal(value: Any, indent: int = 0) -> str:
    """Source of a string, number, list or dictionary; dictionaries in a list take a line each, `indent` deep."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # JSON's escapes are Python's
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if not isinstance(value, list):
        return repr(value)
    if not any(isinstance(item, dict) for item in value):
        return "[" + ", ".join(map(literal, value)) + "]"
    lines = "".join(f"{' ' * (indent + 4)}{literal(item)},\n" for item in value)
    return f"[\n{lines}{' ' * indent}]"
