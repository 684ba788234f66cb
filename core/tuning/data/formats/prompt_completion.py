"""A prompt and what should come after it, under the names that people give them.

Both may be lists of turns, as TRL has them; then they are one conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models.loaded import Message
from core.tuning.data.formats.fields import conversation, finished, optional, text
from core.tuning.data.rows import Example

NAME = "prompt-completion"
ABOUT = "a prompt and its completion; also prompt and response, question and answer, input and output"
ROLES = {
    "prompt": ("prompt", "question", "input", "query", "source", "instruction"),
    "answer": ("completion", "response", "answer", "output", "reply", "target"),
    "system": ("system", "system_prompt"),
}
NEEDED = ("prompt", "answer")


def read(number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> Example:
    """A row; raises InvalidInput with the rest of a sentence."""
    asked, answered = columns["prompt"], columns["answer"]
    if isinstance(values.get(asked), list) and isinstance(values.get(answered), list):
        turns = finished((*conversation(values, asked), *conversation(values, answered)), answered)
        return Example(number, messages=turns, answer=turns[-1]["content"])
    prompt, answer = text(values, asked), text(values, answered)
    system = optional(values, columns.get("system")) if columns.get("system") in values else ""
    if not system.strip():
        return Example(number, prompt=prompt, answer=answer)
    before = Message(role="system", content=system), Message(role="user", content=prompt)
    return Example(number, messages=(*before, Message(role="assistant", content=answer)), prompt=prompt, answer=answer)
