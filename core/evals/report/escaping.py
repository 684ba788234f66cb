"""Anybody's text for a place between tags or in an attribute of HTML. Knows nothing of what it says."""

from __future__ import annotations

import re
from html import escape

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def text(content: str, most: int | None = None) -> str:
    """Escaped, cut after `most` characters, what cannot be shown as �."""
    if most is not None and len(content) > most:
        content = content[:most] + "…"
    return escape(_CONTROL.sub("�", content), quote=True)


def bdi(content: str, most: int | None = None) -> str:
    """The same in an element of its own, so that marks for writing from right to left end with it."""
    return f"<bdi>{text(content, most)}</bdi>"
