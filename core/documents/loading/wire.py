"""How documents travel from the child process to its parent: one JSON document a line.

Knows nothing of files and processes.
"""

from __future__ import annotations

import json
from typing import Any

from core.documents.extracted import Extracted, Page, Refused


def encode(document: Extracted | Refused, entry: int = 0) -> bytes:
    """One line with its line feed; `entry` counts the members of an archive."""
    body: dict[str, Any] = {name: getattr(document, name) for name in document.__slots__}  # asdict copies deeply: slow
    if isinstance(document, Extracted):
        body["pages"] = [[page.number, page.start, page.end, page.label] for page in document.pages]
    name = "document" if isinstance(document, Extracted) else "refused"
    return line({name: body, "entry": entry})


def line(message: dict[str, Any]) -> bytes:
    """Any message as a line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def document(body: dict[str, Any]) -> Extracted:
    """The document of a message."""
    pages = tuple(Page(*page) for page in body.pop("pages"))
    return Extracted(**body | {"pages": pages, "notes": tuple(body["notes"])})
