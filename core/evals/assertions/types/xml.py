"""`is-xml` and `contains-xml`: the output is well-formed XML, or holds some, with the elements that are asked for.

A document type declaration is refused, since it can blow up or reach for files. Knows nothing of HTML, which seldom is
XML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from core.evals.assertions.case import Finding, Judged, found
from core.evals.assertions.kind import Kind
from core.evals.assertions.needs import elements

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LONGEST = 500_000
"""Characters that are looked at."""
MOST_READ = 1_000_000
"""Bytes that are read in all: what is tried from one tag may have been read from the one before."""
LEAST_READ = 1_000
"""What an attempt counts at least."""
SOURCE = "promptfoo, Deterministic metrics"
_TAG = re.compile(r"<[A-Za-z_]")


class _Ended(Exception):
    """The root element is closed."""


def _is(judged: Judged) -> Finding:
    root, why = _parsed(judged.text)
    if root is None:
        return found(False, f"It is not XML: {why}.")
    missing = _missing(root, judged)
    return _said(missing, "It is XML")


def _contains(judged: Judged) -> Finding:
    text, place, first, left = judged.text[:LONGEST], 0, None, MOST_READ
    while left > 0 and (start := _TAG.search(text, place)) is not None:
        place = start.end()
        end, read = _end(text, start.start())
        left -= read
        if end is None:
            continue
        place = end
        root, _why = _parsed(text[start.start() : end])
        if root is None:
            continue
        missing = _missing(root, judged)
        if not missing:
            return _said([], "It contains XML")
        first = first or missing
    return _said(first, "It contains XML") if first else found(False, "It contains no XML.")


def _said(missing: list[str], what: str) -> Finding:
    if missing:
        return found(False, f"{what} without {', '.join(missing[:5])}.", missing=missing)
    return found(True, f"{what}.")


def _parsed(text: str) -> tuple[Element | None, str]:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(text) > LONGEST:
        return None, f"it has {len(text):,} characters, and {LONGEST:,} are read"
    try:
        return fromstring(text.strip().encode("utf-8", "replace"), forbid_dtd=True), ""
    except ParseError as error:
        return None, str(error)[:120]
    except DefusedXmlException:
        return None, "it has a document type declaration, which is refused"
    except (ValueError, LookupError) as error:  # an encoding that nobody knows
        return None, str(error)[:120]


def _end(text: str, start: int) -> tuple[int | None, int]:
    """Where the element that begins at `start` ends, `None` where it is not well-formed; and how much was read."""
    depth, starts, close = 0, 0, 0

    def begin(*_: object) -> None:
        nonlocal depth, starts
        depth, starts = depth + 1, starts + 1

    def end(name: str) -> None:
        nonlocal depth, close
        depth -= 1
        if depth > 0:
            return
        # The parser stands before a closing tag, and behind a tag that closes itself.
        here, tag = parser.CurrentByteIndex, f"</{name}".encode()
        closed = starts == 1 and octets[:here].endswith(b"/>") and not octets.startswith(tag, here)
        close = here if closed else octets.find(b">", here) + 1
        raise _Ended

    octets = text[start:].encode("utf-8", "replace")
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    try:
        parser.Parse(octets, True)
    except _Ended:
        return start + len(octets[:close].decode("utf-8", "replace")), max(close, LEAST_READ)
    except expat.ExpatError:
        return None, max(parser.ErrorByteIndex, LEAST_READ)
    return None, max(len(octets), LEAST_READ)


def _missing(root: Element, judged: Judged) -> list[str]:
    return [path for path in elements(judged.value) if not _has(root, path.split("."))]


def _has(root: Element, path: list[str]) -> bool:
    here = [root] if root.tag == path[0] else []
    for name in path[1:]:
        here = [child for each in here for child in each if child.tag == name]
    return bool(here)


KINDS = (
    Kind("is-xml", "The output is well-formed XML, with the elements if some are named.", SOURCE, "elements", _is),
    Kind("contains-xml", "The output holds well-formed XML, with the elements if some are named.", SOURCE, "elements",
         _contains),
)  # fmt: skip
