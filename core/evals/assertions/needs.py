"""What a value must be before a type of assertion can use it, and what is wrong with one that is not.

Knows no type of assertion.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Literal

from core.errors import InvalidInput
from core.evals.assertions.schemas import schema_of
from core.evals.assertions.values import references, texts
from core.evals.scorers import patterns

Needs = Literal[
    "nothing", "anything", "text", "texts", "references", "pattern", "schema", "count", "elements", "program"
]
"""`nothing`: a value means nothing to it. `anything`: text or data. `text`: text or a number. `texts`: a list, or texts
with commas between them. `references`: one text or a list of which any one will do. `pattern`: a regular expression.
`schema`: a JSON schema or nothing. `count`: a number or `{"min", "max"}`. `elements`: names of XML elements or nothing.
`program`: Python."""
MOST_TEXTS = 10_000


def problem(needs: Needs, value: Any) -> str | None:
    """What is wrong with a value, as the rest of a sentence; `None` when nothing is."""
    return _PROBLEMS[needs](value)


def _anything(value: Any) -> str | None:
    return "needs a value" if value is None else None


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return "needs a value: a text or a number"
    if not _scalar(value):
        return f"needs a text or a number, not {_name(value)}"
    return None


def _texts(value: Any) -> str | None:
    if value is None or value == "" or value == []:
        return "needs a list of texts"
    if not isinstance(value, list | tuple) and not _scalar(value):
        return f"needs a list of texts, not {_name(value)}"
    if "" in (read := texts(value)) or not read:
        return "has an empty text, which every output contains; leave it out"
    return _each(read, value)


def _references(value: Any) -> str | None:
    if value is None or value == []:
        return "needs a value: a text, or a list of which any one will do"
    if not isinstance(value, list | tuple) and not _scalar(value):
        return f"needs a text or a list of texts, not {_name(value)}"
    return _each(references(value), value)


def _each(read: list[str], value: Any) -> str | None:
    if isinstance(value, list | tuple) and not all(_scalar(each) for each in value):
        return "needs a list of texts; one of them is a list or a mapping"
    if len(read) > MOST_TEXTS:
        return f"has {len(read):,} texts; it takes at most {MOST_TEXTS:,}"
    return None


def _pattern(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return "needs a regular expression"
    try:
        patterns.check(python_pattern(value))
    except InvalidInput as error:
        return f"has a wrong value: {str(error).rstrip('.')}"
    return None


def python_pattern(pattern: str) -> str:
    r"""A pattern whose named groups are written as in JavaScript, in Python's notation.

    `(?<name>…)` and `\k<name>` mean nothing in Python, so that there is no doubt.
    """
    pattern = re.sub(r"(?<!\\)\(\?<(?=[A-Za-z_])", "(?P<", pattern)
    return re.sub(r"\\k<([A-Za-z_]\w*)>", r"(?P=\1)", pattern)


def _schema(value: Any) -> str | None:
    if value is None or value == "":
        return None
    try:
        schema_of(value)
    except InvalidInput as error:
        return f"has a wrong value: {str(error).rstrip('.')}"
    return None


def _count(value: Any) -> str | None:
    try:
        bounds(value)
    except InvalidInput as error:
        return str(error).rstrip(".")
    return None


def bounds(value: Any) -> tuple[float, float]:
    """Least and most of a count: a number is both, `{"min", "max"}` may leave one out.

    Raises:
        InvalidInput: it is neither; the rest of a sentence.
    """
    how = 'needs a number, or {"min": …, "max": …} with one of them at least'
    if not isinstance(value, dict):
        number = _number(value)
        if number is None:
            raise InvalidInput(how)
        return number, number
    if not value or set(value) - {"min", "max"}:
        raise InvalidInput(how)
    low, high = _number(value.get("min", 0)), _number(value.get("max", math.inf))
    if low is None or high is None:
        raise InvalidInput(f"{how}; both are numbers")
    if low > high:
        raise InvalidInput(f"has a min of {low:g} above its max of {high:g}")
    return low, high


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(number) or number < 0 else number


def elements(value: Any) -> list[str]:
    """Names of XML elements, as paths with dots: a list, texts with commas, or either under `requiredElements`.

    Raises:
        InvalidInput: it is none of them; the rest of a sentence.
    """
    inner = value.get("requiredElements") if isinstance(value, dict) else value
    if value is None or value == "":
        return []
    if isinstance(inner, str):
        inner = [each.strip() for each in inner.split(",")]
    if not isinstance(inner, list | tuple) or not all(isinstance(each, str) and each.strip(". ") for each in inner):
        raise InvalidInput("needs names of elements such as root.child, as a list or under requiredElements")
    return [each.strip() for each in inner]


def _elements(value: Any) -> str | None:
    try:
        elements(value)
    except InvalidInput as error:
        return str(error)
    return None


def _program(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "needs a Python expression or a function's body"


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _name(value: Any) -> str:
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list | tuple) else "nothing"


_PROBLEMS: dict[Needs, Callable[[Any], str | None]] = {
    "nothing": lambda _: None,
    "anything": _anything,
    "text": _text,
    "texts": _texts,
    "references": _references,
    "pattern": _pattern,
    "schema": _schema,
    "count": _count,
    "elements": _elements,
    "program": _program,
}
