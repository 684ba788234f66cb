"""OpenAI's message list as JSON, alone or in the body of a chat completion request.

A list of `{"role", "content"}`, or a mapping with `messages`, `model` and parameters. Content in parts keeps its text;
images, tools and calls are named in the notes. Source: the API reference of chat completions.
"""

from __future__ import annotations

import json
from typing import Any

from core.errors import InvalidInput
from core.generation.params import SamplingParams
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.formats.base import (
    Format,
    check_messages,
    content_text,
    dropped_parts,
    list_of_mappings,
    lost_parts,
    read_parameters,
    role_note,
    role_of,
    text_field,
    write_parameters,
)


def read(text: str, what: str) -> PromptFile:
    """The prompt in a JSON file.

    Raises:
        InvalidInput: it is not JSON, or holds no messages.
    """
    data = _load(text, what)
    whole = data if isinstance(data, dict) else {"messages": data}
    messages, notes = [], []
    for number, row in enumerate(list_of_mappings(whole, "messages", what), 1):
        if (role := role_of(row.get("role", "user"))) is None:
            notes.append(role_note(row.get("role"), number))
            continue
        content, left_out = content_text(row.get("content"), what, number)
        notes += left_out
        if row.get("tool_calls") or row.get("function_call"):
            notes.append(f"Message {number} calls tools, which is kept in the file but no model here is sent.")
        extra = {key: value for key, value in row.items() if key not in ("role", "content")}
        messages.append(PromptMessage(role=role, content=content, extra=extra))
    rest = {key: value for key, value in whole.items() if key not in ("messages", "model")}
    parameters = {k: v for k, v in read_parameters(rest).items() if k in SamplingParams.model_fields}
    known = {key for key in rest if set(read_parameters({key: 0})) <= set(SamplingParams.model_fields)}
    return PromptFile(
        model=text_field(whole, "model", what),
        parameters=parameters,
        messages=check_messages(messages, what),
        extra={key: value for key, value in rest.items() if key not in known},
        format="openai",
        notes=tuple(notes),
        original=text,
    )


def write(prompt: PromptFile) -> tuple[str, list[str]]:
    """The file's text, and what is lost: a bare list where the messages are all there is, else a request's body."""
    own = prompt.format == "openai"
    original = prompt.original if own else ""
    old = read(original, "The file") if original else None
    raw = _load(original, "The file") if original else []
    cannot = {"name": "a name", "description": "a description", "test_data": "test data", "evaluators": "evaluators"}
    lost = lost_parts(prompt, "openai", FORMAT.title, {**cannot, "declared": "types of variables"})
    if old is not None and old.messages == prompt.messages:
        messages = raw["messages"] if isinstance(raw, dict) else raw
    else:
        messages = [{"role": m.role, "content": m.content, **(m.extra if own else {})} for m in prompt.messages]
    fields: dict[str, Any] = {"model": prompt.model} if prompt.model else {}
    fields |= {"messages": messages} | _parameters(prompt, raw) | (prompt.extra if own else {})
    data = fields if isinstance(raw, dict) or len(fields) > 1 else messages
    lost += dropped_parts(old, prompt)
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n", lost


def _load(text: str, what: str) -> Any:
    def refuse(constant: str) -> None:
        raise InvalidInput(f"{what} is not JSON: {constant} is no number there.")

    try:
        data = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{what} is not JSON: {error.msg} in line {error.lineno}.") from None
    except ValueError:  # a number of thousands of digits
        raise InvalidInput(f"{what} is not allowed: it holds a number that is too long.") from None
    if isinstance(data, dict) and "messages" not in data and "role" in data:
        data = [data]
    if not isinstance(data, list | dict):
        raise InvalidInput(f"{what} is not a prompt: it must hold a list of messages.")
    return data


def _parameters(prompt: PromptFile, raw: Any) -> dict[str, Any]:
    """Parameters under the names that the file has for them already, such as `max_completion_tokens`."""
    fields = SamplingParams.model_fields
    spelt = {known: key for key in (raw if isinstance(raw, dict) else {}) for known in read_parameters({key: 0})}
    return write_parameters(prompt.parameters, {name: spelt.get(name, name) for name in fields})


FORMAT = Format("openai", "OpenAI messages", (".json",), read, write)
