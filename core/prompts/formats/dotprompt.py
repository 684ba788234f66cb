"""Google's dotprompt, `*.prompt`: YAML front matter, then a Handlebars body with `{{role "…"}}` between messages.

Source: google.github.io/dotprompt and its JavaScript reader, Picoschema included. Handlebars is not run: blocks,
partials, media and history are named in the notes and stay in the text as they are.
"""

from __future__ import annotations

import copy
import re
from typing import Any

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
    write_parameters,
)
from core.prompts.inputs import Input, as_text, declared_input

_ROLE = re.compile(r"""(?<!\\)\{\{[ \t]*role[ \t]+["']([a-z]{1,20})["'][^{}\n]{0,200}\}\}""")
_ROLE_WRITTEN = re.compile(r"""(?<!\\)(?=\{\{[ \t]*role[ \t]+["'])""")
_ESCAPED = re.compile(r"\\(?=\{\{(?![ \t]*" + template.NAME + r"[ \t]*\}\}))")
_TRIPLE = re.compile(r"(?<!\{)\{\{\{[ \t]*(" + template.NAME + r")[ \t]*\}\}\}(?!\})")
_KEYWORDS = re.compile(r"(?<!\\)(?=\{\{[ \t]*(?:else|this|history)[ \t]*\}\})")
_KEYWORDS_WRITTEN = re.compile(r"\\(?=\{\{[ \t]*(?:else|this|history)[ \t]*\}\})")
_READ_OTHERWISE = re.compile(
    r"(?<!\\)(?:\\\\)*(\{\{[ \t]*(?:else|this|history)[ \t]*\}\}|\{{3,8}[ \t]*" + template.NAME + r"[ \t]*\}{3})"
)
_CONSTRUCTS = re.compile(
    r"(?<!\\)\{\{[ \t]*(?:[#^>!&][^\s{}]{0,40}|[a-zA-Z]\w{0,30}(?=[ \t]+[^\s}])|history(?=[ \t]*\}))"
)
_KNOWN = ("name", "description", "model", "config", "input")
_CONFIG = {"max_tokens": "maxOutputTokens", "stop": "stopSequences"}
_PICO_KEY = re.compile(r"([^?(]{1,200})(\?)?(?:\(\s*(\w{1,20})\s*(?:,\s*([^)]*))?\))?")
_PICO_TYPES = {"text": "string", "long_text": "string"}


def read(text: str, what: str) -> PromptFile:
    """The prompt in a `*.prompt`; without front matter the whole file is the body.

    Raises:
        InvalidInput: the front matter is not allowed, or there is no message.
    """
    data, _, body = front_matter.split(text, what)
    messages, notes = _messages(body)
    declared, more = _inputs(mapping_field(data, "input", what))
    return PromptFile(
        name=text_field(data, "name", what),
        description=text_field(data, "description", what),
        model=text_field(data, "model", what),
        parameters=read_parameters(mapping_field(data, "config", what)),
        messages=check_messages(messages, what),
        declared=declared,
        extra=_extra(data),
        format="dotprompt",
        notes=(*notes, *more),
        original=text,
    )


def write(prompt: PromptFile) -> tuple[str, list[str]]:
    """The file's text, and what is lost: dotprompt holds no test data and no evaluators."""
    own = prompt.format == "dotprompt"
    original = prompt.original if own else ""
    old = read(original, "The file") if original else None
    data, _, body = front_matter.split(original, "The file")
    data = copy.deepcopy(data) if original else copy.deepcopy(prompt.extra) if own else {}
    cannot = {"test_data": "test data", "evaluators": "evaluators"}
    lost = lost_parts(prompt, "dotprompt", FORMAT.title, cannot)
    written: dict[str, Any] = {}
    for key, field in (("name", "name"), ("description", "description"), ("model", "model"), ("config", "parameters")):
        value = getattr(prompt, field)
        if old is not None and getattr(old, field) == value:
            written |= {key: data[key]} if key in data else {}
        elif value:
            written[key] = write_parameters(value, _CONFIG) if key == "config" else value
    if old is None or old.declared != prompt.declared:
        rest = {key: value for key, value in (data.get("input") or {}).items() if key not in ("schema", "default")}
        data["input"] = {**rest, **_written_inputs(prompt.declared)}
    written |= {"input": data["input"]} if data.get("input") else {}
    if own:
        written |= {key: value for key, value in prompt.extra.items() if key != "input"}
    if old is None or old.messages != prompt.messages:
        body = _body(prompt, own=own)
        found = dict.fromkeys(each[1] for m in prompt.messages for each in _READ_OTHERWISE.finditer(m.content))
        lost += [f"dotprompt has a meaning of its own for “{each}”: change that text." for each in [*found][:5]]
    text, comments_lost = front_matter.join(written, original, body)
    lost += dropped_parts(old, prompt)
    return text, [*lost, *(["Comments inside the changed parts are not kept."] if comments_lost else [])]


def _messages(body: str) -> tuple[list[PromptMessage], list[str]]:
    pieces = _ROLE.split(body.replace("\r\n", "\n"))
    messages: list[PromptMessage] = []
    notes = []
    pairs = [("user", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]  # without a role: the user's
    for said, piece in pairs:
        content = piece.strip("\n")
        if not content.strip():
            continue
        if (role := role_of(said)) is None:
            notes.append(role_note(said, len(messages) + 1))
            continue
        content = _ESCAPED.sub("", _KEYWORDS.sub(r"\\", _TRIPLE.sub(r"{{\1}}", content)))
        messages.append(PromptMessage(role=role, content=content))
    found = dict.fromkeys(each[0].strip() for each in _CONSTRUCTS.finditer(_ROLE.sub("", body)))
    notes += [f"“{construct}}}}}” is Handlebars, which is not run: it is sent as text." for construct in [*found][:5]]
    return messages, notes


def _body(prompt: PromptFile, *, own: bool) -> str:
    parts = []
    for message in prompt.messages:
        content = _KEYWORDS_WRITTEN.sub("", message.content) if own else _escaped(message.content)
        content = _ROLE_WRITTEN.sub(r"\\", content)
        role = "model" if message.role == "assistant" else message.role
        marker = f'{{{{role "{role}"}}}}\n' if len(prompt.messages) > 1 or role != "user" else ""
        parts.append(f"{marker}{content.strip(chr(10))}\n")
    return "".join(parts)


def _escaped(content: str) -> str:
    """Text of another format: what only Handlebars would run is printed as it stands."""
    names = set(template.variables(content))
    return re.sub(
        r"(?<!\\)\{\{(?=([^{}\n]{0,80})\}\}|[#^>!&/])",
        lambda found: found[0] if found[1] is not None and found[1].strip(" \t") in names else "\\{{",
        content,
    )


def _inputs(data: dict[str, Any]) -> tuple[tuple[Input, ...], list[str]]:
    schema, defaults = data.get("schema"), data.get("default")
    defaults = defaults if isinstance(defaults, dict) else {}
    specs: dict[str, dict[str, Any]] = {}
    notes = []
    if isinstance(schema, str):
        notes.append(f"The input schema {schema[:80]!r} is defined outside the file, so its types are unknown.")
    elif isinstance(schema, dict) and isinstance(schema.get("properties"), dict):  # JSON Schema
        specs = {str(k): v if isinstance(v, dict) else {} for k, v in schema["properties"].items()}
    elif isinstance(schema, dict):
        specs = dict(spec for key, value in schema.items() if (spec := _pico(str(key), value)))
    for name, value in defaults.items():
        kind = "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "string"
        specs[str(name)] = {"type": kind, **specs.get(str(name), {}), "default": value}
    return tuple(declared_input(name, spec) for name, spec in specs.items()), notes


def _pico(key: str, value: Any) -> tuple[str, dict[str, Any]] | None:
    """One line of Picoschema: `name?: type, description`, `name(enum, description): [a, b]`, `name(array): type`."""
    found = _PICO_KEY.fullmatch(key)
    if found is None or key == "(*)":
        return None
    name, optional, kind, about = found.groups()
    spec: dict[str, Any] = {"description": about or ""}
    if kind == "enum" and isinstance(value, list):
        spec["enum"] = value
    elif kind is None and isinstance(value, str):
        spec["type"], _, described = (part.strip() for part in value.partition(","))
        spec["description"] = described
    elif kind is not None or isinstance(value, dict):
        spec["type"] = "long_text"  # a list or an object is typed in as JSON
    if optional:
        spec["default"] = ""
    return name.strip(), spec


def _written_inputs(declared: tuple[Input, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for each in declared:
        about = f", {each.description}" if each.description else ""
        if each.choices:
            schema[f"{each.name}(enum{about})"] = list(each.choices)
        else:
            schema[each.name] = _PICO_TYPES.get(each.type, each.type) + about
    defaults = {each.name: _default(each) for each in declared if each.default is not None}
    return ({"schema": schema} if schema else {}) | ({"default": defaults} if defaults else {})


def _default(each: Input) -> Any:
    """The default as the type it has in the file: `"3"` of a number is 3."""
    if each.type == "boolean" and each.default in ("true", "false"):
        return each.default == "true"
    if each.type == "number":
        for number in (int, float):
            try:
                if as_text(number(each.default or "")) == each.default:
                    return number(each.default or "")
            except ValueError:
                continue
    return each.default


def _extra(data: dict[str, Any]) -> dict[str, Any]:
    extra = {key: value for key, value in data.items() if key not in _KNOWN}
    if isinstance(data.get("input"), dict):
        rest = {key: value for key, value in data["input"].items() if key not in ("schema", "default")}
        extra |= {"input": rest} if rest else {}
    return extra


FORMAT = Format("dotprompt", "dotprompt", (".prompt",), read, write)
