"""A text and its label: intents, categories, sentiments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.tuning.data.formats.fields import label, text
from core.tuning.data.rows import Example

NAME = "text-label"
ABOUT = "a text and its label; also named intent, category or class"
ROLES = {
    "text": ("text", "sentence", "content", "utterance", "query", "question", "review", "tweet", "message"),
    "label": ("label_text", "label_name", "label", "intent", "category", "class", "sentiment", "topic", "target"),
}
NEEDED = ("text", "label")


def read(number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> Example:
    """A row; raises InvalidInput with the rest of a sentence."""
    named = label(values, columns["label"])
    return Example(number, text=text(values, columns["text"]), label=named, answer=named)
