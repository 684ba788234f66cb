"""Conversations as chat endpoints write them: a list of turns with role and content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.tuning.data.formats.fields import conversation, finished
from core.tuning.data.rows import Example

NAME = "messages"
ABOUT = "conversations: a list of turns with role and content, the last one the assistant's"
ROLES = {"messages": ("messages", "chat")}
NEEDED = ("messages",)


def read(number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> Example:
    """A row; raises InvalidInput with the rest of a sentence."""
    turns = finished(conversation(values, columns["messages"]), columns["messages"])
    return Example(number, messages=turns, answer=turns[-1]["content"])
