"""Conditions on a chunk's fields, written as Chroma writes them: checked, brought to one form, evaluated here.

Every search evaluates them by `matches`, whatever finds its vectors, so that all modes agree. Unlike in Chroma a number
is a number: {"year": {"$gt": 2019.5}} meets a year stored as 2020. Knows nothing of where the fields are kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from core.documents.extracted import Scalar
from core.errors import InvalidInput

Where = dict[str, Any]
"""As `normalised` returns it: one key a level, `$and`/`$or` with two members at least, every operator spelt out, as in
{"$and": [{"source": {"$eq": "a.pdf"}}, {"page": {"$gte": 3}}]}."""
TEXT_FIELDS = ("source", "kind", "title")
"""Every chunk has them; what a document's own metadata calls so is hidden by them."""
PAGE = "page"
"""A whole number from 1; chunks of formats without pages lack it."""
LOGICAL = ("$and", "$or")
ORDERED = ("$gt", "$gte", "$lt", "$lte")
LISTED = ("$in", "$nin")
OPERATORS = ("$eq", "$ne", *ORDERED, *LISTED)
MOST_CONDITIONS = 500
DEEPEST = 20
_EXACT = 2**53
"""Whole numbers beyond it are not exact in JSON."""
_NEGATIVE = ("$ne", "$nin")


def normalised(where: Mapping[str, Any] | None) -> Where | None:
    """`where` checked and in one form, which stays as it is when given again; `None` where it sets no condition.

    Several fields or operators side by side are joined by `$and`; Chroma itself refuses them.

    Raises:
        InvalidInput: it is not such a condition; one sentence that says where and what to write.
    """
    if where is None:
        return None
    if not isinstance(where, Mapping):
        raise _wrong(f'where is {_shown(where)}: write an object such as {{"source": "report.pdf"}}')
    if not where:
        return None
    budget = [MOST_CONDITIONS]
    return _group(where, 0, budget)


def parse(text: str) -> Where | None:
    """The condition in a JSON text, as `normalised` gives it.

    Raises:
        InvalidInput: it is no JSON, or no condition.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong(f'where is {_shown(text)}: it is not JSON; write it as {{"source": "report.pdf"}}') from None
    if not isinstance(value, dict):
        raise _wrong(f'where is {_shown(value)}: write an object such as {{"source": "report.pdf"}}')
    return normalised(value)


def matches(where: Where | None, fields: Mapping[str, Scalar | None]) -> bool:
    """Whether a chunk with these fields meets the condition; `where` as `normalised` gave it.

    As in Chroma, `$ne` and `$nin` also hold for a chunk that lacks the field; a text, a number and true or false are
    never equal to each other.
    """
    if where is None:
        return True
    [(key, operand)] = where.items()
    if key == "$and":
        return all(matches(each, fields) for each in operand)
    if key == "$or":
        return any(matches(each, fields) for each in operand)
    [(operator, wanted)] = operand.items()
    value = fields.get(key)
    if operator in LISTED:
        found = value is not None and any(_same_type(value, each) and value == each for each in wanted)
        return found if operator == "$in" else not found
    if value is None or not _same_type(value, wanted):
        return operator in _NEGATIVE
    return _COMPARE[operator](value, wanted)


def _group(where: Mapping[str, Any], depth: int, budget: list[int]) -> Where:
    """All keys of one object, joined by `$and`."""
    if depth > DEEPEST:
        raise _wrong(f"where is nested more than {DEEPEST} levels deep; write it flatter")
    parts = []
    for key, value in where.items():
        if key in LOGICAL:
            parts.append(_logical(key, value, depth, budget))
        elif not isinstance(key, str) or key.startswith(("$", "#")) or not key:
            known = f"a field, {' or '.join(LOGICAL)}"
            raise _wrong(f"where has {_shown(key)} where {known} belongs")
        else:
            parts.append(_field(key, value, budget))
    return _joined("$and", parts)


def _logical(key: str, value: Any, depth: int, budget: list[int]) -> Where:
    if not isinstance(value, list) or not value:
        raise _wrong(f"where: {key} needs a list of conditions, not {_shown(value)}")
    for each in value:
        if not isinstance(each, dict) or not each:
            raise _wrong(f"where: {key} needs conditions in its list, not {_shown(each)}")
    return _joined(key, [_group(each, depth + 1, budget) for each in value])


def _field(name: str, value: Any, budget: list[int]) -> Where:
    if not isinstance(value, dict):
        value = {"$eq": value}
    if not value:
        raise _wrong(f"where: {name} needs a value or an operator such as $eq")
    parts = []
    for operator, operand in value.items():
        budget[0] -= len(operand) if isinstance(operand, list) else 1
        if budget[0] < 0:
            raise _wrong(f"where has more than {MOST_CONDITIONS} conditions; use fewer")
        if operator not in OPERATORS:
            raise _wrong(f"where: {name} has the operator {_shown(operator)}; use one of {', '.join(OPERATORS)}")
        if operator in LISTED:
            if not isinstance(operand, list) or not operand:
                raise _wrong(f"where: {name} {operator} needs a list with at least one value, not {_shown(operand)}")
            for each in operand:
                _check(name, operator, each)
        else:
            _check(name, operator, operand)
        parts.append({name: {operator: operand}})
    return _joined("$and", parts)


def _check(name: str, operator: str, value: Any) -> None:
    """Raise what is wrong with one value."""
    if not isinstance(value, str | int | float):  # a bool is an int
        raise _wrong(f"where: {name} {operator} needs a text, a number, true or false, not {_shown(value)}")
    if isinstance(value, int | float) and (not math.isfinite(value) or abs(value) > _EXACT):
        raise _wrong(f"where: {name} {operator} has {value}, which is beyond ±2^53 and not exact in JSON")
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise _wrong(f"where: {name} {operator} holds a lone surrogate, which is not valid text")
    is_number = _type(value) is float
    if operator in ORDERED and not is_number:
        raise _wrong(f"where: {name} {operator} compares numbers, and {_shown(value)} is none")
    if name in TEXT_FIELDS and not isinstance(value, str):
        raise _wrong(f'where: {name} is a text; write "{name}": "…", not {_shown(value)}')
    if name == PAGE and not is_number:
        raise _wrong(f"where: page is a number; write 3, not {_shown(value)}")


def _joined(key: str, parts: list[Where]) -> Where:
    return parts[0] if len(parts) == 1 else {key: parts}


def _same_type(value: Scalar, wanted: Scalar) -> bool:
    """Whether the two can be compared: a number with a number, a text with a text, true or false with its like."""
    return _type(value) is _type(wanted)


def _type(value: Scalar) -> type:
    return float if type(value) is int else type(value)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: value == wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$gt": lambda value, wanted: value > wanted,
    "$gte": lambda value, wanted: value >= wanted,
    "$lt": lambda value, wanted: value < wanted,
    "$lte": lambda value, wanted: value <= wanted,
}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"' if isinstance(value, str) else text


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(f"{sentence}.", "where")
