"""Assertions as a person types them in one box: a line each, as in a cell of promptfoo's CSV files.

`contains: blue`, `not-contains: sorry`, `similar(0.8): It is the sky`, `extract:last-number/numeric: 42`. Knows nothing
of judging.
"""

from __future__ import annotations

import difflib
import re

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions import ASSERTIONS
from core.evals.reading.assertions import read_assertion
from core.evals.reading.context import Reading
from core.evals.reading.folder import Folder
from core.evals.reading.short_forms import from_text

MOST_LINES = 20
_WORD = re.compile(r"(?:not-)?([a-z][a-z-]+)(?:\([^)]*\))?:")


def assertions_of(text: str) -> tuple[Assertion, ...]:
    """The assertions of a text; a line that begins with no known type is what the output must equal.

    Raises:
        InvalidInput: a line is none that Loupe can check; the sentence says which.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise InvalidInput(f"The score has {len(lines)} lines; at most {MOST_LINES} are allowed.", "score")
    reading, found = Reading("Score", Folder("")), []
    for place, line in enumerate(lines, 1):
        mapping = from_text(line)
        if mapping == {"type": "equals", "value": line} and (near := _meant(line)):
            raise InvalidInput(
                f"Score: line {place} begins with no type of assertion; did you mean {near}? Write equals: before a "
                "text that the output must equal.",
                "score",
            )
        found.append(read_assertion(mapping, reading, f"line {place}"))
    return tuple(each for each in found if each is not None)


def _meant(line: str) -> str | None:
    """The type that a misspelt word before a colon may stand for."""
    word = _WORD.match(line)
    near = difflib.get_close_matches(word[1], ASSERTIONS, n=1, cutoff=0.75) if word else []
    return near[0] if near else None
