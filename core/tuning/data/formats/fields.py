"""Values of a row, checked: texts, labels and conversations; what is wrong is named by its column.

Errors are the rest of a sentence that begins with file and row. Knows nothing of formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput
from core.evals.datasets import jsonl
from core.models.loaded import Message
from core.prompts.names import short

MOST_TURNS = 1000
ROLES = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "bing", "bard"), "assistant"),
}
"""How files name who speaks, and what a chat template calls them."""
_KINDS = {
    dict: "an object",
    list: "a list",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "nothing",
}


def text(values: Mapping[str, Any], column: str) -> str:
    """A text that is not empty.

    Raises:
        InvalidInput: it is missing, empty, or no text.
    """
    found = optional(values, column)
    if not found.strip():
        raise InvalidInput(f"{short(column)} is empty.", column)
    return found


def optional(values: Mapping[str, Any], column: str | None) -> str:
    """A text, "" where the column is not used or holds null.

    Raises:
        InvalidInput: the row has no such column, or no text in it.
    """
    if column is None:
        return ""
    value = there(values, column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{short(column)} holds {kind(value)} where a text belongs.", column)
    return value


def label(values: Mapping[str, Any], column: str) -> str:
    """A label; numbers and true or false are taken as they are written.

    Raises:
        InvalidInput: it is missing, empty, or something else.
    """
    value = there(values, column)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return text(values, column).strip()


def there(values: Mapping[str, Any], column: str) -> Any:
    """The value, whatever it is.

    Raises:
        InvalidInput: the row has no such column.
    """
    if column not in values:
        names = ", ".join(short(each) for each in list(values)[:5]) or "nothing"
        raise InvalidInput(f"there is no {short(column)}; the row has {names}.", column)
    return values[column]


def conversation(values: Mapping[str, Any], column: str) -> tuple[Message, ...]:
    """Turns under either pair of names: role and content, or from and value; JSON in a text is read.

    Raises:
        InvalidInput: no list of turns, an unknown role, a content that is no text, or too many turns.
    """
    value = there(values, column)
    if isinstance(value, str):
        try:
            value = jsonl.parsed(value)
        except InvalidInput as error:
            raise InvalidInput(f"{short(column)} is {error}.", column) from None
    if not isinstance(value, list) or not value:
        raise InvalidInput(f"{short(column)} holds {kind(value)} where a list of turns belongs.", column)
    if len(value) > MOST_TURNS:
        raise InvalidInput(f"{short(column)} has {len(value):,} turns; at most {MOST_TURNS:,} are allowed.", column)
    return tuple(_turn(each, place, column) for place, each in enumerate(value, 1))


def finished(turns: tuple[Message, ...], column: str) -> tuple[Message, ...]:
    """Turns that can be learned from: somebody asks, and an assistant has the last word.

    Raises:
        InvalidInput: the last turn is not the assistant's, or nobody asked.
    """
    if turns[-1]["role"] != "assistant":
        raise InvalidInput(
            f"{short(column)} ends with a turn of the {turns[-1]['role']}; the last one must be the assistant's.",
            column,
        )
    if all(turn["role"] == "assistant" for turn in turns):
        raise InvalidInput(f"{short(column)} holds no turn of a user.", column)
    return turns


def kind(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, list) and not value:
        return "an empty list"
    return _KINDS.get(type(value), "a text")


def _turn(value: Any, place: int, column: str) -> Message:
    where = f"turn {place} of {short(column)}"
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} is {kind(value)} where an object belongs.", column)
    names = ("from", "value") if "from" in value else ("role", "content")
    said, content = value.get(names[0]), value.get(names[1])
    role = ROLES.get(said.strip().lower()) if isinstance(said, str) else None
    if role is None:
        shown = short(said) if isinstance(said, str) else kind(said)
        raise InvalidInput(f"{where} has the {names[0]} {shown}; known are {', '.join(ROLES)}.", column)
    if isinstance(content, list):  # parts, as OpenAI writes them
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        content = "".join(map(str, texts)) if all(isinstance(each, str) for each in texts) else content
    if not isinstance(content, str):
        raise InvalidInput(f"{where} holds {kind(content)} where a text belongs.", column)
    if not content.strip() and role != "system":
        raise InvalidInput(f"{where} is empty.", column)
    return Message(role=role, content=content)
