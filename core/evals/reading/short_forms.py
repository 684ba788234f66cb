"""Assertions as one line of text, as they stand in a cell of a CSV file: `contains: Paris`, `similar(0.8): Hello`.

What begins with no known type is the text that the output must equal. `extract:RULE/METRIC: TARGET` is Loupe's own.
Source: promptfoo, “CSV with assertions”; the grammar is that of its `assertionFromString`.
"""

from __future__ import annotations

import re
from typing import Any

from core.evals.assertions import ALIASES, ASSERTIONS, unsupported
from core.evals.scorers import METRICS

_TYPE = re.compile(r"(not-)?([a-z][a-z:-]*)(?:\((-?\d+(?:\.\d+)?)\))?")
_LISTS = ("contains-any", "contains-all", "icontains-any", "icontains-all")
_LIMITS = ("latency", "cost")
_WORDS = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
"""What older files write for a type."""
_CODE = {".py": "python", ".js": "javascript", ".ts": "javascript", ".mjs": "javascript", ".cjs": "javascript"}


def from_text(text: str) -> dict[str, Any]:
    """The assertion as a mapping, as it would stand in a YAML file."""
    if text.startswith("file://"):
        ending = re.search(r"(\.\w+)(?::[\w.]+)?\s*$", text)
        if ending and ending[1] in _CODE:
            return {"type": _CODE[ending[1]], "value": text.strip()}
    word, colon, rest = text.partition(":")
    if colon and word.strip() in _WORDS:
        return {"type": _WORDS[word.strip()], "value": rest.strip()}
    if text.startswith("extract:") and (found := _extract(text)):
        return found
    return _typed(text) or {"type": "equals", "value": text}


def _typed(text: str) -> dict[str, Any] | None:
    colons = [found.start() for found in re.finditer(":", text)]
    for end in [*colons[:3], len(text)]:  # `similar:cosine` is a type too
        found = _TYPE.fullmatch(text[:end].strip())
        if found is None or not _known(found[2]):
            continue
        rest = text[end + 1 :].strip() if end < len(text) else None
        longer = _TYPE.match(rest or "")
        if longer is not None and _known(f"{found[2]}:{longer[2]}"):
            continue
        return _mapping(found[1] or "", found[2], found[3], rest)
    return None


def _known(name: str) -> bool:
    return name in ASSERTIONS or name in ALIASES or unsupported(name) is not None


def _mapping(negation: str, name: str, threshold: str | None, value: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": negation + name}
    if name in _LIMITS and threshold is None and value:
        threshold, value = value, None
    if threshold is not None:
        found["threshold"] = threshold
    if value:
        found["value"] = [each.strip() for each in value.split(",")] if name in _LISTS else value
    return found


def _extract(text: str) -> dict[str, Any] | None:
    """`extract:RULE/METRIC: TARGET`; the rule may hold colons and slashes of its own."""
    for found in re.finditer(r"/([a-z0-9-]+)(?::|$)", text):
        if found[1] in METRICS:
            target = text[found.end() :].strip()
            return {"type": text[: found.end()].rstrip(":"), **({"value": target} if target else {})}
    return None
