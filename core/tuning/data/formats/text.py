"""Plain text, all of which is learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.tuning.data.formats import fields
from core.tuning.data.rows import Example

NAME = "text"
ABOUT = "plain text, all of which is learned; a .txt file is read paragraph by paragraph"
ROLES = {"text": ("text", "content", "document", "passage", "paragraph")}
NEEDED = ("text",)


def read(number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> Example:
    """A row; raises InvalidInput with the rest of a sentence."""
    return Example(number, text=fields.text(values, columns["text"]))
