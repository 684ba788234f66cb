"""Typed inputs: which kind of field a form shows for each variable of a prompt.

What a file declares comes first; the rest is inferred from its test data, else from the name. Knows nothing of files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

InputType = Literal["text", "long_text", "number", "boolean", "choice"]
INPUT_TYPES: tuple[InputType, ...] = ("text", "long_text", "number", "boolean", "choice")
_ALIASES: dict[str, InputType] = {
    **{kind: kind for kind in INPUT_TYPES},
    **dict.fromkeys(("integer", "int", "float", "double"), "number"),
    **dict.fromkeys(("bool", "checkbox"), "boolean"),
    **dict.fromkeys(("enum", "select", "options"), "choice"),
    **dict.fromkeys(("textarea", "multiline", "long-text", "paragraph"), "long_text"),
}
"""What formats and people call these types; anything else, `string` above all, is text of unknown length."""
_LONG_NAMES = {"text", "document", "article", "context", "passage", "input", "email", "transcript", "notes", "code"}
_LONG_CHARACTERS = 80
_CHOICE_CHARACTERS = 30


class Input(BaseModel):
    """One variable as a field of a form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    type: InputType = "text"
    choices: tuple[str, ...] = ()
    """What a choice offers, in order; empty for the other types."""
    default: str | None = None
    """What the variable is when nobody gives a value, as text; `None`: a value must be given."""
    description: str = ""


def declared_input(name: str, spec: Mapping[str, Any], rows: Iterable[Mapping[str, Any]] = ()) -> Input:
    """An input as a file declares it: keys type or kind, choices or enum, default, description; all optional.

    A type that says nothing about the length of a text (`string`) is refined by the values in `rows`.
    """
    said = str(spec.get("type") or spec.get("kind") or "").strip().lower()
    choices = next((spec[key] for key in ("choices", "enum", "enumValues", "options") if spec.get(key)), ())
    if isinstance(choices, Sequence) and not isinstance(choices, str) and choices:
        kind: InputType = "choice"
        offered = tuple(dict.fromkeys(as_text(choice) for choice in choices))
    else:
        offered = ()
        kind = _ALIASES.get(said, "text")
        if kind == "choice" or said not in _ALIASES:  # a choice of nothing is a text
            kind = infer(name, rows).type if kind != "choice" else "text"
            kind = "text" if kind == "choice" else kind
    default = spec.get("default")
    return Input(
        name=name,
        type=kind,
        choices=offered,
        default=None if default is None else as_text(default),
        description=as_text(spec.get("description") or ""),
    )


def infer(name: str, rows: Iterable[Mapping[str, Any]]) -> Input:
    """The input for a variable that nobody declared, from its values in test data."""
    values = [row[name] for row in rows if row.get(name) is not None]
    if values and all(isinstance(value, bool) for value in values):
        return Input(name=name, type="boolean")
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return Input(name=name, type="number")
    texts = [as_text(value) for value in values]
    if any("\n" in text.strip() or len(text) > _LONG_CHARACTERS for text in texts):
        return Input(name=name, type="long_text")
    distinct = tuple(dict.fromkeys(texts))
    if len(texts) >= 4 and 2 <= len(distinct) <= len(texts) // 2 and max(map(len, distinct)) <= _CHOICE_CHARACTERS:
        return Input(name=name, type="choice", choices=distinct)
    if not texts and name.lower() in _LONG_NAMES:
        return Input(name=name, type="long_text")
    return Input(name=name)


def as_text(value: object) -> str:
    """A value as it goes into a prompt: numbers, true and false as in JSON, lists and mappings as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
