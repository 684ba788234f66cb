"""Where the headings of a text are: Markdown's, which the loaders also make of HTML, Word and EPUB.

Source: CommonMark 0.31.2, sections 4.2 (ATX headings), 4.3 (setext headings) and 4.5 (fenced code blocks). Knows
nothing of chunks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WITHOUT = frozenset({"code", "csv", "json", "jsonl", "xlsx", "xml"})
"""Kinds of documents in which a line that begins with `#` is something else."""
_LINE = re.compile(
    r"^[ ]{0,3}(?:(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)|(?P<marks>\#{1,6})(?:[ \t]+(?P<title>[^\n]*))?"
    r"|(?P<under>=+|-{2,})[ \t]*)$",
    re.MULTILINE,
)
_NO_TITLE = re.compile(r"[ ]{0,3}(?:[-*+>|]|\d{1,9}[.)]|#{1,6})[ \t]|[ ]{4}|\t|[ ]{0,3}(?:`{3}|~{3}|\|)")
"""How a line begins that an underline does not make a heading: a list item, a quote, a table, code."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The characters `[start, end)` of a heading, its underline and marks included, without the line end."""

    start: int
    end: int
    level: int


def headings(text: str, kind: str = "markdown") -> list[Heading]:
    """The headings of `text` in order; none in kinds that have no Markdown headings."""
    if kind in WITHOUT:
        return []
    found: list[Heading] = []
    fence = ""
    for match in _LINE.finditer(text):
        if mark := match["fence"]:
            if not fence:
                fence = "" if mark[0] == "`" and "`" in match["info"] else mark
            elif mark[0] == fence[0] and len(mark) >= len(fence) and not match["info"].strip():
                fence = ""
        elif fence:
            continue
        elif match["marks"]:
            found.append(Heading(match.start(), match.end(), len(match["marks"])))
        elif (start := _title_above(text, match.start(), found[-1].end if found else -1)) is not None:
            found.append(Heading(start, match.end(), 1 if match["under"][0] == "=" else 2))
    return found


def _title_above(text: str, at: int, last: int) -> int | None:
    """Where the one line above `at` begins, if an underline makes it a heading; the one before ends at `last`."""
    if at < 2:
        return None
    start = text.rfind("\n", 0, at - 1) + 1
    line = text[start : at - 1]
    if not line.strip() or _NO_TITLE.match(line):
        return None
    above = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : max(start - 1, 0)] if start else ""
    return (
        None if above.strip() and last != start - 1 else start
    )  # a paragraph of several lines above a rule is no heading to cut at
