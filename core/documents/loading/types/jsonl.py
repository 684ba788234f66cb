"""JSONL, one JSON document a line, read line by line in flat memory.

A corpus in BEIR's layout (Thakur et al. 2021: `{"_id", "title", "text"}` a row) gives one document a row, known by its
`_id`; any other JSONL gives lines "name: value; …", a line a row, in one document. A line that is no JSON is named and
passed over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from core.documents.extracted import Extracted, Refused
from core.documents.loading.rows import record_line
from core.documents.loading.source import Source, clean_line, small
from core.documents.loading.text import clean, open_text
from core.documents.loading.types.text import in_parts

TITLE = "a JSONL file"
MOST_NAMED = 100
"""Broken lines that are named one by one; further ones are counted."""


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document a row in BEIR's layout, else one for the file (or a part of it)."""
    stream = open_text(source.file, is_utf8=source.is_utf8)
    broken = Broken()
    rows = _rows(source, stream.lines(), broken)
    first = next(rows, None)
    if first is None:
        reason = f": {broken.named[0]}" if broken.named else ""
        raise source.problem(f"holds no line of valid JSON{reason or '.'}")
    rows = chain([first], rows)
    if is_beir(first[1]):
        yield from _corpus(source, rows, broken)
        return
    lines = (line + "\n" for _, row in rows if (line := record_line(row)))
    chunks = _joined(lines, stream.notes, broken)
    found = False
    for document in in_parts(source, "jsonl", chunks, stream.notes):
        found = True
        yield document
    if not found:
        raise source.problem("holds no value in any line.")


def is_beir(row: Any) -> bool:
    """Whether it is a row of a BEIR corpus (or of its queries)."""
    if not isinstance(row, dict) or not isinstance(row.get("_id"), str | int):
        return False
    return isinstance(row.get("text"), str) and isinstance(row.get("title", ""), str | None)


class Broken:
    """Lines that could not be read: the first ones by name, the rest as a count."""

    def __init__(self) -> None:
        self.named: list[str] = []
        self.count = 0

    def add(self, number: int, reason: str) -> str:
        """The sentence of a line; `number` counts from 1."""
        sentence = f"line {number:,}: {reason}."
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(sentence)
        return sentence

    def notes(self) -> list[str]:
        """A sentence for each named line, and one for the others."""
        others = self.count - len(self.named)
        return [f"{self.named[i]}" for i in range(len(self.named))] + (
            [f"{others:,} further lines could not be read."] if others else []
        )


def _rows(source: Source, lines: Iterator[str], broken: Broken) -> Iterator[tuple[int, Any]]:
    """Line numbers from 1 and their values; numbers beyond a float's range and NaN stay text."""
    for number, line in enumerate(lines, 1):
        if number % 2000 == 0:
            source.beat()
        if not line or line.isspace():
            continue
        try:
            yield number, json.loads(line, parse_float=_number, parse_constant=str)
        except json.JSONDecodeError as error:
            broken.add(number, f"not valid JSON ({clean_line(error.msg)} at column {error.colno:,})")
        except RecursionError:
            broken.add(number, "nested too deeply")
        except ValueError:  # an integer of more digits than Python converts
            broken.add(number, "a number with too many digits")


def _number(text: str) -> float | str:
    value = float(text)
    return value if value - value == 0 else text


def _joined(lines: Iterator[str], notes: list[str], broken: Broken) -> Iterator[str]:
    """Lines in larger chunks; what was passed over joins the notes at the end."""
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size > 500_000:
            yield "".join(held)
            held, size = [], 0
    notes.extend(broken.notes())
    if held:
        yield "".join(held)


def _corpus(source: Source, rows: Iterator[tuple[int, Any]], broken: Broken) -> Iterator[Extracted | Refused]:
    told = 0
    empty = 0
    for number, row in rows:
        while told < len(broken.named):
            yield _refused(source, broken.named[told])
            told += 1
        if not is_beir(row):
            broken.add(number, 'not of the form {"_id", "text"} as the first row')
            continue
        text = clean(f"{row.get('title') or ''} {row['text']}").strip()
        name = clean_line(str(row["_id"]), 1000)
        if not text or not name:
            empty += 1
            broken.add(number, f"{name or 'the row'} has no text")
            continue
        raw = text.encode("utf-8")
        nested = row.get("metadata")
        others = {key: value for key, value in row.items() if key not in ("_id", "text", "title")}
        yield Extracted(
            key=source.part_key(name),
            kind="text",
            title=clean_line(row.get("title") or "") or name,
            text=text,
            metadata=small((nested if isinstance(nested, dict) else {}) | others) | {"_id": name},
            digest=hashlib.sha256(raw).hexdigest(),
            size=len(raw),
        )
    yield from (_refused(source, sentence) for sentence in broken.notes()[told:])


def _refused(source: Source, sentence: str) -> Refused:
    place = sentence.split(":")[0] if sentence.startswith("line ") else "further lines"
    return Refused(key=source.part_key(place), reason=sentence)
