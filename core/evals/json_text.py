"""JSON in texts that a model wrote: read strictly, found among prose, compared as JSON compares.

Knows nothing of schemas or of what the data means.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from core.errors import InvalidInput

MOST_STARTS = 2_000
"""Brackets in a text at which JSON is looked for."""


def parse(text: str) -> Any:
    """The value that the whole text is.

    Raises:
        InvalidInput: it is not JSON as RFC 8259 has it; one sentence.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise InvalidInput("It is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(f"It is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError as error:
        raise InvalidInput(f"It is not JSON: {str(error)[:200]}.") from None


def found_in(text: str) -> Iterator[Any]:
    """Every object and array in a text, from left to right; what stands inside one that was found is not looked at."""
    place = 0
    for _ in range(MOST_STARTS):
        starts = [start for bracket in "{[" if (start := text.find(bracket, place)) >= 0]
        if not starts:
            return
        place = min(starts)
        try:
            value, place = _DECODER.raw_decode(text, place)
        except RecursionError:
            return  # every bracket after it would take as long again
        except ValueError:
            place += 1
            continue
        yield value


def canonical(value: Any) -> str:
    """A text that two values share if and only if they are the same JSON: 1 is 1.0 and not true; order of keys is none.

    Raises:
        InvalidInput: it is nested too deeply.
    """
    try:
        return json.dumps(_plain(value), sort_keys=True, ensure_ascii=True)
    except RecursionError:
        raise InvalidInput("It is nested too deeply.") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused)
