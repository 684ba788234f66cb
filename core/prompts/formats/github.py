"""GitHub Models' `*.prompt.yml`, the native format: messages, parameters, test data and evaluators in one YAML file.

Source: docs.github.com, “Storing prompts in GitHub repositories”, and the reader of github/gh-models (pkg/prompt).
`inputs`, the declared types of variables, is Loupe's own addition; GitHub's tools ignore it.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput
from core.prompts import strict_yaml
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.formats.base import (
    Format,
    check_messages,
    content_text,
    dropped_parts,
    list_of_mappings,
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

_KEYS = {
    "name": "name",
    "description": "description",
    "model": "model",
    "parameters": "modelParameters",
    "declared": "inputs",
    "messages": "messages",
    "test_data": "testData",
    "evaluators": "evaluators",
}
"""Field of `PromptFile` → key in the file, in the order in which a new file has them."""


def read(text: str, what: str) -> PromptFile:
    """The prompt in a `*.prompt.yml`; numbers where text belongs, content in parts and unknown fields are fine.

    Raises:
        InvalidInput: it is not YAML, not allowed, or not a prompt.
    """
    data = _mapping(text, what)
    messages, notes = [], []
    for number, row in enumerate(list_of_mappings(data, "messages", what), 1):
        if (role := role_of(row.get("role", "user"))) is None:
            notes.append(role_note(row.get("role"), number))
            continue
        content, left_out = content_text(row.get("content"), what, number)
        notes += left_out
        extra = {key: value for key, value in row.items() if key not in ("role", "content")}
        messages.append(PromptMessage(role=role, content=content, extra=extra))
    rows = list_of_mappings(data, "testData", what)
    evaluators = list_of_mappings(data, "evaluators", what)
    return PromptFile(
        name=text_field(data, "name", what),
        description=text_field(data, "description", what),
        model=text_field(data, "model", what),
        parameters=read_parameters(mapping_field(data, "modelParameters", what)),
        messages=check_messages(messages, what),
        test_data=rows,
        evaluators=evaluators,
        declared=_inputs(data.get("inputs"), rows, what),
        extra={key: value for key, value in data.items() if key not in _KEYS.values()},
        format="github",
        notes=(*notes, *unused_note(messages, rows, evaluators)),
        original=text,
    )


def write(prompt: PromptFile) -> tuple[str, list[str]]:
    """The file's text, and what is lost; keys whose values did not change keep their lines and comments."""
    original = prompt.original if prompt.format == "github" else ""
    lost = lost_parts(prompt, "github", FORMAT.title, {})
    old, raw = (read(original, "The file"), _mapping(original, "The file")) if original else (None, {})
    data: dict[str, Any] = {}
    for field, key in _KEYS.items():
        value = getattr(prompt, field)
        if old is not None and getattr(old, field) == value:
            data |= {key: raw[key]} if key in raw else {}
        elif value:
            data[key] = _encoded(field, value, keep_extra=prompt.format == "github")
    if prompt.format == "github":
        data |= prompt.extra
    text, comments_lost = strict_yaml.dump(data, original)
    lost += dropped_parts(old, prompt)
    return text, [*lost, *(["Comments inside the changed parts are not kept."] if comments_lost else [])]


def _mapping(text: str, what: str) -> dict[str, Any]:
    data = strict_yaml.load(text, what)
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise InvalidInput(f"{what} is not a prompt: it must hold messages, see the shipped ones.")
    return data


def _inputs(value: Any, rows: tuple[dict[str, Any], ...], what: str) -> tuple[Input, ...]:
    """Declared inputs, a mapping by name or a list of mappings with a name."""
    if isinstance(value, list) and all(isinstance(each, dict) and "name" in each for each in value):
        value = {str(each["name"]): each for each in value}
    if value is not None and not isinstance(value, dict):
        raise InvalidInput(f"{what} cannot be used: inputs must be a mapping by name.", "inputs")
    specs = {str(name): spec if isinstance(spec, dict) else {"type": spec} for name, spec in (value or {}).items()}
    return tuple(declared_input(name, spec, rows) for name, spec in specs.items())


def _encoded(field: str, value: Any, *, keep_extra: bool) -> Any:
    if field == "parameters":
        return write_parameters(value, {})
    if field == "messages":
        return [{"role": m.role, "content": m.content, **(m.extra if keep_extra else {})} for m in value]
    if field == "declared":
        return {each.name: _spec(each) for each in value}
    return list(value) if isinstance(value, tuple) else value


def _spec(each: Input) -> dict[str, Any]:
    spec = {"type": each.type, "choices": list(each.choices), "default": each.default, "description": each.description}
    return {key: value for key, value in spec.items() if value or (key == "default" and value is not None)}


FORMAT = Format("github", "GitHub Models", (".prompt.yml", ".prompt.yaml"), read, write)
