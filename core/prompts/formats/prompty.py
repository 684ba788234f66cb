"""Prompty's `*.prompty`: YAML front matter, then the messages under `system:`, `user:` and `assistant:` lines.

Reads both generations: `model.configuration`, `model.parameters` and `sample` (what installed tools write), and
`model.id`, `model.options` and `inputSchema`. A file keeps its generation; a new one is of the first, which both read.
Source: the parsers and the migration of microsoft/prompty. Its Jinja is not run, `${env:…}` and `${file:…}` are not
resolved, both are kept as text.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from core.errors import InvalidInput
from core.prompts import template
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.formats import front_matter
from core.prompts.formats.base import (
    Format,
    check_messages,
    dropped_parts,
    lost_parts,
    mapping_field,
    read_parameters,
    role_note,
    role_of,
    text_field,
    unused_note,
    write_parameters,
)
from core.prompts.inputs import Input, declared_input

_ROLE = re.compile(
    r"^[ \t]*#?[ \t]*(system|user|assistant|developer|function|tools?)[ \t]*(?:\[[^\]\n]*\])?[ \t]*:[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CONSTRUCTS = re.compile(
    r"\{%-?\s*\w+|\{#|\{\{[#^/>!&]|!\[thread\]|\{\{[^{}\n|(\[]{1,80}[|(\[][^{}\n]{0,80}\}\}"
    r"|\{\{[^{}\n]{0,60}\._[^{}\n]{0,60}\}\}"
)
_LITERAL = re.compile(
    r"(?<!\\)(\\*)(?:\{\{ '(\{\{[^{}'\n]{1,80}\}\})' \}\}|(\{\{[ \t]*" + template.NAME + r"[ \t]*\}\}))"
)
_KNOWN = ("name", "description", "model", "inputs", "inputSchema", "sample")
_MODEL_NAMES = ("azure_deployment", "name", "model")
_SECOND = {"max_tokens": "maxOutputTokens", "stop": "stopSequences"}
_TYPES = {"text": "string", "long_text": "string", "choice": "string"}


def read(text: str, what: str) -> PromptFile:
    """The prompt in a `*.prompty`; without front matter the whole file is the body.

    Raises:
        InvalidInput: the front matter is not allowed, or there is no message.
    """
    data, _, body = front_matter.split(text, what)
    messages, notes = _messages(body)
    name, model = _model(data, what)
    sample = data.get("sample")
    rows = [row for row in (sample if isinstance(sample, list) else [sample]) if isinstance(row, dict)]
    if isinstance(sample, str):
        notes.append(f"The sample {sample[:80]!r} is another file, which is not read.")
    return PromptFile(
        name=text_field(data, "name", what),
        description=text_field(data, "description", what),
        model=name,
        parameters=read_parameters(mapping_field(model, _parameters_key(model), what)),
        messages=check_messages(messages, what),
        test_data=tuple(rows),
        declared=_inputs(data, rows),
        extra=_extra(data),
        format="prompty",
        notes=(*notes, *unused_note(messages, rows)),
        original=text,
    )


def write(prompt: PromptFile) -> tuple[str, list[str]]:
    """The file's text, and what is lost: Prompty holds one sample and no evaluators.

    Raises:
        InvalidInput: a message holds a line that Prompty would read as the next message.
    """
    own = prompt.format == "prompty"
    original = prompt.original if own else ""
    old = read(original, "The file") if original else None
    data, _, body = front_matter.split(original, "The file")
    data = copy.deepcopy(data) if original else copy.deepcopy(prompt.extra) if own else {}
    lost = lost_parts(prompt, "prompty", FORMAT.title, {"evaluators": "evaluators"})
    for key in ("name", "description"):
        data = _with(data, key, getattr(prompt, key))
    if old is None or (old.model, old.parameters) != (prompt.model, prompt.parameters):
        data = _with(data, "model", _written_model(data.get("model"), prompt))
    if old is None or old.declared != prompt.declared:
        data = _with_inputs(data, prompt.declared)
    if old is None or old.test_data != prompt.test_data:
        data = _with(data, "sample", prompt.test_data[0] if prompt.test_data else {})
        if len(prompt.test_data) > 1:
            lost.append(f"Prompty holds one row of test data: {len(prompt.test_data) - 1} more are left out.")
    if own:
        unknown = {key: value for key, value in prompt.extra.items() if key != "model"}
        data = {key: value for key, value in data.items() if key in _KNOWN} | unknown
    if old is None or old.messages != prompt.messages:
        body = _body(prompt)
        lost += _evaluated(prompt) if not own else []
    text, comments_lost = front_matter.join(data, original, body)
    lost += dropped_parts(old, prompt)
    return text, [*lost, *(["Comments inside the changed parts are not kept."] if comments_lost else [])]


def _messages(body: str) -> tuple[list[PromptMessage], list[str]]:
    pieces = _ROLE.split(body.replace("\r\n", "\n"))
    messages: list[PromptMessage] = []
    notes = []
    pairs = [("system", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]  # without a role: the system's
    for number, (said, piece) in enumerate(pairs):
        content = piece.strip("\n")
        if number == 0 and not content.strip():
            continue
        if (role := role_of(said)) is None:
            notes.append(role_note(said, len(messages) + 1))
            continue
        messages.append(PromptMessage(role=role, content=_LITERAL.sub(_read_variable, content)))
    found = dict.fromkeys(each[0].strip() for each in _CONSTRUCTS.finditer(body))
    notes += [f"“{construct}” is not run: it is sent as text." for construct in [*found][:5]]
    return messages, notes


def _body(prompt: PromptFile) -> str:
    parts = []
    for number, message in enumerate(prompt.messages, 1):
        if marker := _ROLE.search(message.content):
            raise InvalidInput(
                f"Message {number} holds the line “{marker[0].strip()}”, which Prompty would read as a new message; "
                "change that line or save in another format."
            )
        content = template.replace_variables(message.content, _write_variable)
        parts.append(f"{message.role}:\n{content.strip(chr(10))}\n")
    return "\n".join(parts)


def _read_variable(found: re.Match[str]) -> str:
    """Jinja knows no backslash, and prints `{{ '{{name}}' }}` as `{{name}}`."""
    return found[1] * 2 + (f"\\{found[2]}" if found[2] else found[3])


def _write_variable(backslashes: str, variable: str, *, literal: bool) -> str:
    return backslashes + (f"{{{{ '{variable}' }}}}" if literal else variable)


def _evaluated(prompt: PromptFile) -> list[str]:
    found = dict.fromkeys(each[0].strip() for m in prompt.messages for each in _CONSTRUCTS.finditer(m.content))
    return [f"Prompty would run “{construct}”, which is plain text here." for construct in [*found][:5]]


def _model(data: dict[str, Any], what: str) -> tuple[str, dict[str, Any]]:
    """The model's name, wherever its generation keeps it, and the whole mapping."""
    if isinstance(data.get("model"), str):
        return data["model"], {}
    model = mapping_field(data, "model", what)
    for holder in (model, model.get("configuration"), model.get("connection")):
        for key in ("id",) if holder is model else _MODEL_NAMES:
            if isinstance(holder, dict) and isinstance(holder.get(key), str):
                return holder[key], model
    return "", model


def _parameters_key(model: dict[str, Any]) -> str:
    second = "options" in model or "id" in model or "connection" in model
    return "options" if second and "parameters" not in model else "parameters"


def _written_model(raw: Any, prompt: PromptFile) -> dict[str, Any] | str:
    if isinstance(raw, str) and not prompt.parameters:
        return prompt.model
    model: dict[str, Any] = {"id": raw} if isinstance(raw, str) else dict(raw or {})
    key = _parameters_key(model)
    holder = next((model[name] for name in ("configuration", "connection") if isinstance(model.get(name), dict)), None)
    if key == "options" and ("id" in model or holder is None):
        model["id"] = prompt.model
    elif holder is not None:
        holder[next((name for name in _MODEL_NAMES if name in holder), _MODEL_NAMES[0])] = prompt.model
    elif prompt.model:
        model = {"api": "chat", **model, "configuration": {"type": "openai", "name": prompt.model}}
    return _with(model, key, write_parameters(prompt.parameters, _SECOND if key == "options" else None))


def _inputs(data: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[Input, ...]:
    schema = data.get("inputSchema", data.get("inputs"))
    if isinstance(schema, dict) and "properties" in schema:
        schema = schema["properties"]
    if isinstance(schema, list):
        schema = {str(each["name"]): each for each in schema if isinstance(each, dict) and "name" in each}
    found = []
    for name, spec in (schema if isinstance(schema, dict) else {}).items():
        if not isinstance(spec, dict):  # a bare value is the default
            kind = "boolean" if isinstance(spec, bool) else "number" if isinstance(spec, int | float) else "string"
            spec = {"type": kind, "default": spec}
        default = next((spec[key] for key in ("default", "sample", "example") if spec.get(key) is not None), None)
        found.append(declared_input(str(name), {**spec, "default": default}, rows))
    return tuple(found)


def _with_inputs(data: dict[str, Any], declared: tuple[Input, ...]) -> dict[str, Any]:
    specs = {}
    for each in declared:
        spec = {"type": _TYPES.get(each.type, each.type), "description": each.description, "enum": list(each.choices)}
        specs[each.name] = {k: v for k, v in spec.items() if v} | (
            {"default": each.default} if each.default is not None else {}
        )
    if "inputSchema" in data or isinstance(data.get("inputs"), list):
        rows = [{"name": name, "kind": spec.pop("type"), **spec} for name, spec in specs.items()]
        return _with(data, *(("inputs", rows) if "inputs" in data else ("inputSchema", {"properties": rows})))
    return _with(data, "inputs", specs)


def _extra(data: dict[str, Any]) -> dict[str, Any]:
    extra = {key: value for key, value in data.items() if key not in _KNOWN}
    if isinstance(data.get("model"), dict):
        rest = {key: value for key, value in data["model"].items() if key not in ("id", "parameters", "options")}
        extra |= {"model": rest} if rest else {}
    return extra


def _with(data: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """`data` with the key set in its place, or without it when there is nothing to say."""
    if value:
        return {**data, key: value}
    return {name: old for name, old in data.items() if name != key}


FORMAT = Format("prompty", "Prompty", (".prompty",), read, write)
