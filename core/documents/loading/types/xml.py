"""XML and SVG: the text of the elements, a line each, in their order. Entities are refused, never expanded.

Knows nothing of schemas; tags and attributes are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.documents.extracted import Extracted, Refused
from core.documents.loading.markup import declared_encoding
from core.documents.loading.rows import one_line
from core.documents.loading.source import Builder, Source, clean_line
from core.documents.loading.text import open_text

TITLE = "an XML file"
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def read(source: Source) -> Iterator[Extracted | Refused]:
    """One document."""
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    source.file.seek(0)
    declared = declared_encoding(source.file.read(4096))
    stream = open_text(source.file, is_utf8=source.is_utf8, declared=declared)
    text = _DECLARATION.sub("", "".join(stream.chunks()))  # it names an encoding that is no longer its own
    builder = Builder(source)
    builder.notes += stream.notes
    try:
        root = ElementTree.fromstring(text.strip())
    except DefusedXmlException:
        raise source.problem("declares entities, as attacks do; remove its DOCTYPE to add it.") from None
    except ElementTree.ParseError as error:
        raise source.problem(f"is not valid XML ({clean_line(str(error))}).") from None
    lines: list[str] = []
    title = ""
    stack = [root]
    while stack:
        element = stack.pop()
        name = str(element.tag).rsplit("}", 1)[-1].lower()
        if name in ("script", "style"):
            continue
        words = [element.text, *(child.tail for child in element)]
        if len(element) and not any(one and not one.isspace() for one in words):
            stack.extend(reversed(element))
            continue
        if line := one_line("".join(element.itertext())):  # text with marks in it stays one line
            title = title or (line if name == "title" else "")
            lines.append(line)
            if len(lines) % 5000 == 0:
                source.beat()
    builder.add("\n".join(lines))
    yield builder.finish("xml", title=title)
