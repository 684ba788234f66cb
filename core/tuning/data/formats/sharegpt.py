"""ShareGPT: conversations whose turns are written with from and value, and often a system text beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models.loaded import Message
from core.tuning.data.formats.fields import conversation, finished, optional
from core.tuning.data.rows import Example

NAME = "sharegpt"
ABOUT = "ShareGPT conversations: turns with from (human, gpt) and value"
ROLES = {"conversations": ("conversations", "conversation"), "system": ("system", "system_prompt")}
NEEDED = ("conversations",)


def read(number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> Example:
    """A row; raises InvalidInput with the rest of a sentence."""
    turns = finished(conversation(values, columns["conversations"]), columns["conversations"])
    system = optional(values, columns.get("system")) if columns.get("system") in values else ""
    if system.strip() and turns[0]["role"] != "system":
        turns = (Message(role="system", content=system), *turns)
    return Example(number, messages=turns, answer=turns[-1]["content"])
