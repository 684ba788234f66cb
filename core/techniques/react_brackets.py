"""Finds the bracket that closes another one, in a sentence or in a program.

Knows nothing of actions.
"""

from __future__ import annotations

import re

CLOSING = {"[": "]", "(": ")", "{": "}"}
_CODE = re.compile(
    r"""(?P<skip>\"{3}.*?(?:\"{3}|\Z)|'{3}.*?(?:'{3}|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|\#[^\n]*)|(?P<bracket>[][(){}])""",
    re.DOTALL,
)
"""A string or a comment, which may hold any bracket, or a bracket that counts.

A string that never ends takes what is left, or each of its quotation marks would be tried in vain.
"""


def closing(text: str, start: int, bracket: str) -> int | None:
    """Where the `bracket` that was opened just before `start` closes, counting those of its kind in between."""
    depth = 1
    for match in re.compile(f"[{re.escape(bracket + CLOSING[bracket])}]").finditer(text, start):
        depth += 1 if match[0] == bracket else -1
        if depth == 0:
            return match.start()
    return None


def closing_in_code(text: str, start: int, bracket: str) -> int | None:
    """As `closing`, in Python: brackets in strings and comments do not count."""
    depth = 1
    for match in _CODE.finditer(text, start):
        if match["bracket"] == bracket:
            depth += 1
        elif match["bracket"] == CLOSING[bracket]:
            depth -= 1
            if depth == 0:
                return match.start()
    return None
