"""What the formats share: decoding, plain values, names of parameters, and sentences about what does not fit.

Knows nothing of any one format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from core.errors import InvalidInput
from core.generation.params import SamplingParams
from core.prompts import template
from core.prompts.file import ROLES, PromptFile, PromptMessage, Role
from core.prompts.inputs import as_text
from core.prompts.names import short
from core.prompts.strict_yaml import MAX_DEPTH

MAX_BYTES = 1024 * 1024
MAX_MESSAGES = 1000
_WHOLE = re.compile("[^\ud800-\udfff]*")
_ROLES: dict[str, Role] = {**{role: role for role in ROLES}, "developer": "system", "model": "assistant"}
_PARAMETERS = {
    **dict.fromkeys(("max_output_tokens", "max_completion_tokens", "max_new_tokens"), "max_tokens"),
    "stop_sequences": "stop",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt as a file."""

    content: bytes
    lost: tuple[str, ...] = ()
    """One sentence for everything that the format cannot hold."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format of prompt files."""

    id: str
    title: str
    suffixes: tuple[str, ...]
    """Endings of file names, the usual one first."""
    read: Callable[[str, str], PromptFile]
    """From the text of a file and how sentences call it."""
    write: Callable[[PromptFile], tuple[str, list[str]]]
    """To the text of a file, and what is lost."""


def decode(content: bytes, what: str) -> str:
    """The text of a file, without its byte order mark.

    Raises:
        InvalidInput: it is too large, not UTF-8, or holds what no prompt holds.
    """
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"{what} is larger than {MAX_BYTES // 1024:,} kB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{what} is not UTF-8 text.") from None
    if "\0" in text:
        raise InvalidInput(f"{what} holds a NUL character, which is not allowed.")
    return text


def check_plain(prompt: PromptFile, what: str) -> None:
    """Refuse what no file of another format could hold: half characters, and values nested without end.

    Raises:
        InvalidInput: there is such a value.
    """
    parts: list[tuple[Any, int]] = [(value, 0) for field, value in prompt if field != "original"]
    while parts:
        value, depth = parts.pop()
        if depth > MAX_DEPTH:
            raise InvalidInput(f"{what} is not allowed: nested too deeply.")
        if isinstance(value, str) and not _WHOLE.fullmatch(value):
            raise InvalidInput(f"{what} holds half a character (a lone surrogate); remove it.")
        if isinstance(value, BaseModel):
            parts += [(each, depth) for _, each in value]
        elif isinstance(value, dict):
            parts += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list | tuple):
            parts += [(each, depth + 1) for each in value]


def role_of(value: object) -> Role | None:
    """The role that a model here is sent for `value`; `None` for tools, functions and the like."""
    return _ROLES.get(str(value).strip().lower())


def role_note(value: object, number: int) -> str:
    """What to say of message `number` (from 1) whose role no model here is sent."""
    return f"Message {number} has the role {short(str(value))}, which no model here is sent: left out."


def text_field(data: Mapping[str, Any], key: str, what: str) -> str:
    """A field that should be text; numbers become text.

    Raises:
        InvalidInput: it is a list or a mapping.
    """
    value = data.get(key)
    if isinstance(value, list | dict):
        raise InvalidInput(f"{what} cannot be used: {key} must be text.", key)
    return "" if value is None else as_text(value)


def list_of_mappings(data: Mapping[str, Any], key: str, what: str) -> tuple[dict[str, Any], ...]:
    """A field that should be a list of mappings.

    Raises:
        InvalidInput: it is something else.
    """
    value = data.get(key) or []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise InvalidInput(f"{what} cannot be used: {key} must be a list of mappings.", key)
    return tuple({str(name): cell for name, cell in row.items()} for row in value)


def mapping_field(data: Mapping[str, Any], key: str, what: str) -> dict[str, Any]:
    """A field that should be a mapping.

    Raises:
        InvalidInput: it is something else.
    """
    value = data.get(key) or {}
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} cannot be used: {key} must be a mapping.", key)
    return {str(name): cell for name, cell in value.items()}


def content_text(content: object, what: str, number: int) -> tuple[str, list[str]]:
    """Text of a message's content, a string or a list of parts, and a note for every kind of part left out."""
    if not isinstance(content, list):
        if isinstance(content, dict):
            raise InvalidInput(f"{what} cannot be used: the content of message {number} must be text.")
        return "" if content is None else as_text(content), []
    texts, others = [], []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            others.append(str(part.get("type", "part")) if isinstance(part, dict) else "part")
    notes = [f"Message {number} holds a part of type {kind}, which is left out." for kind in dict.fromkeys(others)]
    return "\n".join(texts), notes


def read_parameters(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters under the names of `SamplingParams`, whatever the ecosystem calls them; unknown ones as they are."""
    found: dict[str, Any] = {}
    for name, value in raw.items():
        known = _known_name(name)
        found[known if known and known not in found else name] = value
    return found


def write_parameters(parameters: Mapping[str, Any], names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Parameters under a format's own names: `names` first, else camel case; unknown ones as they are.

    Args:
        parameters: by the names of `SamplingParams`.
        names: the format's names; `None` leaves every name as it is.
    """
    if names is None:
        return dict(parameters)
    fields = SamplingParams.model_fields
    return {
        names.get(name, _camel(name)) if name in fields else name: list(value) if isinstance(value, tuple) else value
        for name, value in parameters.items()
    }


def lost_parts(prompt: PromptFile, format_id: str, title: str, cannot: Mapping[str, str]) -> list[str]:
    """One sentence for everything in `prompt` that another format cannot hold.

    Args:
        prompt: what is written.
        format_id: the format it is written in; what came in this one keeps its unknown fields.
        title: the format's name in the sentences.
        cannot: field of `PromptFile` → what people call it.
    """
    lost = [f"{title} cannot hold {words}: left out." for field, words in cannot.items() if getattr(prompt, field)]
    if prompt.format != format_id:
        fields = [name for key, value in prompt.extra.items() for name in _field_names(key, value)]
        fields += [f"messages.{key}" for each in prompt.messages for key in each.extra]
        if fields := list(dict.fromkeys(fields)):
            known = "field" if len(fields) == 1 else "fields"
            lost.append(f"{title} does not know the {known} {', '.join(fields[:10])}: left out.")
    return lost


def check_messages(messages: Sequence[PromptMessage], what: str) -> tuple[PromptMessage, ...]:
    """The messages.

    Raises:
        InvalidInput: there are none or too many.
    """
    if not messages:
        raise InvalidInput(f"{what} has no messages; a prompt needs at least one.", "messages")
    if len(messages) > MAX_MESSAGES:
        raise InvalidInput(f"{what} has {len(messages):,} messages; at most {MAX_MESSAGES:,} are allowed.", "messages")
    return tuple(messages)


def dropped_parts(old: PromptFile | None, prompt: PromptFile) -> list[str]:
    """What to say when messages are written anew and the file held parts that were left out in reading."""
    if old is None or old.messages == prompt.messages or not any("left out" in note for note in old.notes):
        return []
    return ["Parts of messages that were left out in reading are gone from the file."]


def unused_note(
    messages: Sequence[PromptMessage], rows: Sequence[Mapping[str, Any]], evaluators: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """What to say of values in the test data that neither a message nor an evaluator uses: often a misspelt name."""
    names = list(dict.fromkeys(name for row in rows for name in row if name != "expected"))
    texts = [*(message.content for message in messages), as_text(list(evaluators))]
    unused = template.unused("\n".join(texts), names)
    return [f"The test data has values for {template.quoted(list(unused))}, which no message uses."] if unused else []


def _field_names(key: str, value: object) -> list[str]:
    nested = isinstance(value, dict) and key in ("model", "input")  # the rest of a mapping that is known in part
    return [f"{key}.{name}" for name in value] if nested and isinstance(value, dict) else [key]


def _known_name(name: str) -> str | None:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    snake = _PARAMETERS.get(snake, snake)
    return snake if snake in SamplingParams.model_fields else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
