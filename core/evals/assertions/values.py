"""Values of assertions: the row's variables put into them as text, and what they are as text.

Nothing in a value is evaluated. Knows no type of assertion.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput
from core.prompts import template
from core.prompts.inputs import as_text

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def filled(value: Any, values: Mapping[str, Any], *, program: bool = False) -> Any:
    """The value with every `{{variable}}` of its texts replaced, lists and mappings included.

    A value that is one variable and nothing else becomes that variable's value where that is a list or a mapping.

    Args:
        value: plain data.
        values: the row's, by variable.
        program: whether the text is Python: then what is put in is escaped as inside a string literal, and a name
            without a value stays, since programs have braces of their own.

    Raises:
        InvalidInput: a variable has no value; the sentence names it.
    """
    if isinstance(value, str):
        return _filled(value, values, program)
    if isinstance(value, list | tuple):
        return [filled(each, values, program=program) for each in value]
    if isinstance(value, dict):
        return {name: filled(each, values, program=program) for name, each in value.items()}
    return value


def _filled(text: str, values: Mapping[str, Any], program: bool) -> Any:
    if not (names := template.variables(text)):
        return template.render(text, {}) if "{{" in text else text  # escaped variables lose their backslash
    if program:
        known = {name: _escaped(values[name]) if name in values else f"{{{{{name}}}}}" for name in names}
        return template.render(text, known)
    if missing := [name for name in names if values.get(name) is None]:
        raise InvalidInput(f"The value of the assertion needs a variable {template.quoted(missing)}.", missing[0])
    if len(names) == 1 and isinstance(values[names[0]], list | dict) and text.strip("{} \t") == names[0]:
        return values[names[0]]
    return template.render(text, {name: as_text(values[name]) for name in names})


def _escaped(value: Any) -> str:
    return as_text(value).translate(_ESCAPES)


def storable(value: Any) -> Any:
    """The value as plain data that JSON can hold; half a surrogate pair becomes a question mark."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(storable(str(name))): storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return as_text(value).encode("utf-8", "replace").decode("utf-8")


def templated(value: Any) -> bool:
    """Whether any text in the value holds a variable, so that nothing is known of it before there is a row."""
    if isinstance(value, str):
        return bool(template.variables(value))
    if isinstance(value, list | tuple):
        return any(templated(each) for each in value)
    return isinstance(value, dict) and any(templated(each) for each in value.values())


def texts(value: Any) -> list[str]:
    """A value of several texts: a list, or one text with commas between them, quoted where they hold commas."""
    if isinstance(value, list | tuple):
        return [as_text(each) for each in value]
    if not isinstance(value, str):
        return [as_text(value)]
    lines = [" ".join(value.splitlines())]
    return [each for each in next(csv.reader(lines, skipinitialspace=True), []) if each]


def references(value: Any) -> list[str]:
    """A value of one text or several of which any one will do; a single text keeps its commas."""
    return [as_text(each) for each in value] if isinstance(value, list | tuple) else [as_text(value)]
