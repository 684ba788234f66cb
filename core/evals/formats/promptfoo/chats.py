"""A prompt's text as messages: a list of `{"role", "content"}` in JSON or YAML, else one message of the user.

Knows nothing of where the text stands.
"""

from __future__ import annotations

import json
import re
from typing import Any

from core.errors import InvalidInput
from core.evals.reading.context import Reading
from core.evals.reading.templates import plain
from core.prompts import strict_yaml, template
from core.prompts.file import PromptMessage
from core.prompts.formats.base import content_text, role_of
from core.prompts.names import short

MOST_MESSAGES = 1000
_DUMPED = re.compile(r"\{\{-?\s*(" + template.NAME + r")\s*\|\s*dump\s*-?\}\}")


def messages_of(raw: str, reading: Reading, place: str) -> tuple[PromptMessage, ...]:
    """The messages of a prompt.

    Raises:
        InvalidInput: a message is malformed, or the text holds logic that Loupe does not evaluate.
    """
    data = _chat(raw)
    if data is None:
        return (PromptMessage(role="user", content=plain(raw, reading, place)),)
    messages = []
    for number, each in enumerate(data, 1):
        role = role_of(each.get("role", "user"))
        if role is None:
            reading.note(f"{place}: message {number} has the role {short(str(each.get('role')))}: left out.")
            continue
        with reading.at(place):
            content, notes = content_text(each.get("content"), "The prompt", number)
        for note in notes:
            reading.note(f"{place}: {note}")
        extra = {str(key): value for key, value in each.items() if key not in ("role", "content")}
        messages.append(PromptMessage(role=role, content=plain(content, reading, place), extra=extra))
    if not messages:
        raise InvalidInput(f"{reading.name}: {place} has no message that a model can be sent.", "prompts")
    return tuple(messages)


def is_chat(raw: str) -> bool:
    """Whether a prompt's text would be read as a list of messages."""
    return _chat(raw) is not None


def _chat(raw: str) -> list[dict[str, Any]] | None:
    begins = raw.lstrip()[:40]
    data: Any = None
    if begins[:1] in ("[", "{") and begins[:2] not in ("{{", "{%", "{#"):
        data = _json(raw) or _json(_DUMPED.sub(lambda found: f'"{{{{{found[1]}}}}}"', raw))
    elif begins.startswith("- role:"):
        try:
            data = strict_yaml.load(raw, "The prompt", aliases=True)
        except InvalidInput:
            return None
    if isinstance(data, dict):
        data = [data] if "role" in data and "content" in data else data.get("messages")
    if not isinstance(data, list) or not data or len(data) > MOST_MESSAGES:
        return None
    return data if all(isinstance(each, dict) and "role" in each for each in data) else None


def _json(raw: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
