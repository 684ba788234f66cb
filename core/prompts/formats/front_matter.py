"""Files that begin with YAML between two lines of `---`, followed by a body: Prompty and dotprompt.

Knows nothing of what either part means.
"""

from __future__ import annotations

import re
from typing import Any

from core.errors import InvalidInput
from core.prompts import strict_yaml

_FRONT = re.compile(r"\A((?:(?:#[^\n]*|[ \t]*)\r?\n)*---[ \t]*\r?\n)(.*?)^---[ \t]*(?:\r?\n|\Z)", re.S | re.M)


def split(text: str, what: str) -> tuple[dict[str, Any], str, str]:
    """The front matter's data, its text, and the body; a file without front matter is all body.

    Raises:
        InvalidInput: the front matter is not YAML, not allowed, or no mapping.
    """
    found = _FRONT.match(text)
    if found is None:
        return {}, "", text
    data = strict_yaml.load(found[2], f"The front matter of {what[:1].lower()}{what[1:]}")
    if data is None:
        data = {}
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise InvalidInput(f"{what} cannot be used: what stands between the lines of --- must be a mapping.")
    return data, found[2], text[found.end() :]


def join(data: dict[str, Any], original: str, body: str) -> tuple[str, bool]:
    """The whole file, and whether comments were lost: keys whose values did not change keep their lines."""
    found = _FRONT.match(original)
    front, lost = strict_yaml.dump(data, found[2] if found else "", "The front matter")
    newline = "\r\n" if "\r\n" in original else "\n"
    body = body if newline == "\n" or body in original else body.replace("\r\n", "\n").replace("\n", newline)
    opening = found[1] if found else f"---{newline}"
    return f"{opening}{front}---{newline}{body}", lost
