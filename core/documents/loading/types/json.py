"""JSON as readable lines "path: value"; an array of flat records gives a line a record, as a CSV does.

Numbers stay as they are written: 1e400 and endless digits lose nothing. NaN and Infinity, which JSON does not have, are
kept as words, keys that appear twice both kept, lone surrogates replaced; each is noted. Nesting deeper than Python's
reader goes is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading.rows import is_flat, one_line, paths, record_line
from core.documents.loading.source import Builder, Source, clean_line
from core.documents.loading.text import open_text

TITLE = "a JSON file"


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document."""
    stream = open_text(source.file, is_utf8=source.is_utf8)
    text = "".join(stream.chunks())
    builder = Builder(source)
    builder.notes.extend(stream.notes)
    told: dict[str, int] = {"constants": 0, "twice": 0}

    def constant(word: str) -> str:
        told["constants"] += 1
        return word

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(items)
        if len(values) == len(items):
            return values
        told["twice"] += len(items) - len(values)
        values = {}
        seen: dict[str, int] = {}
        for name, value in items:
            seen[name] = seen.get(name, 0) + 1
            values[name if seen[name] == 1 else f"{name} ({seen[name]})"] = value
        return values

    try:
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=constant, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise source.problem(
            f"is not valid JSON: {clean_line(error.msg)} in line {error.lineno:,}, column {error.colno:,}."
        ) from None
    except RecursionError:
        raise source.problem("is nested too deeply to be read.") from None
    if told["constants"]:
        builder.note(f"NaN and Infinity, which JSON does not have, were kept as words: {told['constants']:,}.")
    if told["twice"]:
        builder.note(f"Keys that appear again in their object were numbered and kept: {told['twice']:,}.")
    if "\\ud" in text.lower() and _surrogates(text):
        builder.note("Halves of characters (lone surrogates) were replaced.")
    metadata: dict[str, object] = {} if stream.encoding == "utf-8" else {"encoding": stream.encoding}
    del text
    held: list[str] = []
    for number, line in enumerate(_lines(value)):
        held.append(line)
        if number % 5000 == 4999:
            source.beat()
            builder.add("\n".join(held), joint="\n")
            held = []
    builder.add("\n".join(held), joint="\n")
    title = value.get("title") or value.get("name") if isinstance(value, dict) else ""
    yield builder.finish(
        "json",
        title=title if isinstance(title, str) else "",
        metadata=metadata,
        nothing="holds no value.",
    )


def _lines(value: Any) -> Iterator[str]:
    """Records in a list a line each, everything else "path: value"; without recursion, however deep it is."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, value = stack.pop()
        if is_flat(value) or not value:
            yield from (f"{name}: {text}" if name else text for name, text in paths(value, path))
        elif isinstance(value, dict):
            stack.extend((f"{path}.{name}" if path else name, one) for name, one in _named(value))
        elif all(_is_record(one) for one in value):
            for index, one in enumerate(value):
                if line := record_line(one):
                    yield f"{path}[{index}]: {line}" if path else line
        else:
            stack.extend((f"{path}[{index}]", one) for index, one in reversed(list(enumerate(value))))


def _named(value: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names on one line and their values, the last first."""
    return [(one_line(name), one) for name, one in reversed(value.items())]


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and all(is_flat(one) for one in value.values())


def _surrogates(text: str) -> bool:
    """Whether an escape stands for half a character."""
    return bool(
        re.search(r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])", text)
        or re.search(r"(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}", text)
    )
