"""Markdown: the text as it is; front matter (YAML or TOML) becomes metadata, the first heading the title."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from core.documents.extracted import Extracted, Refused
from core.documents.loading.source import Source
from core.documents.loading.text import open_text
from core.documents.loading.types.text import in_parts

TITLE = "a Markdown file"
_FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?\n)?\1[ \t]*(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$|^([^\n]+)\n=+[ \t]*$", re.MULTILINE)
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document, or one a part."""
    stream = open_text(source.file, is_utf8=source.is_utf8)
    chunks = stream.chunks()
    head = next(chunks, "")
    metadata: dict[str, object] = {} if stream.encoding == "utf-8" else {"encoding": stream.encoding}
    if front := _FRONT.match(head):
        values = _parsed(front[1], front[2] or "")
        if values is None:
            stream.notes.append("The front matter is not valid and was kept as text.")
        else:
            metadata |= values
            head = head[front.end() :].lstrip("\n")
    heading = _HEADING.search(_FENCED.sub("", head[:100_000]))
    title = metadata.get("title")
    if not isinstance(title, str) or not title.strip():
        title = (heading[1] or heading[2]) if heading else ""
    found = False
    for document in in_parts(source, "markdown", chain([head], chunks), stream.notes, title=title, metadata=metadata):
        found = True
        yield document
    if not found:
        raise source.problem("holds no text.")


def _parsed(mark: str, text: str) -> dict[str, object] | None:
    """Its values, lists of scalars as one line; `None` when it is no mapping."""
    if len(text) > 100_000:
        return None
    values: object
    if mark == "+++":
        import tomllib

        try:
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return None
    else:
        import yaml

        try:
            values = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
        if values is None:
            values = {}
    if not isinstance(values, dict):
        return None
    return {str(name): _scalar(value) for name, value in values.items()}


def _scalar(value: object) -> object:
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(str(one) for one in value[:100])
    return value
