"""Alpaca: an instruction, often an input that it is about, and the output; Dolly's names for them too.

The input follows the instruction after a blank line, as one turn of the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models.loaded import Message
from core.tuning.data.formats.fields import optional, text
from core.tuning.data.rows import Example

NAME = "alpaca"
ABOUT = "Alpaca: instruction, an optional input, and output"
ROLES = {
    "instruction": ("instruction",),
    "input": ("input", "context"),
    "output": ("output", "response", "answer", "completion"),
    "system": ("system", "system_prompt"),
}
NEEDED = ("instruction", "output")


def read(number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> Example:
    """A row; raises InvalidInput with the rest of a sentence."""
    instruction, output = text(values, columns["instruction"]), text(values, columns["output"])
    given, system = (
        optional(values, columns.get(role)) if columns.get(role) in values else "" for role in ("input", "system")
    )
    prompt = f"{instruction}\n\n{given}" if given.strip() else instruction
    before = (Message(role="system", content=system),) if system.strip() else ()
    turns = (*before, Message(role="user", content=prompt), Message(role="assistant", content=output))
    return Example(number, messages=turns, prompt=prompt, answer=output)
