"""Titles of documents, made alike for comparing. Knows nothing of what keeps them."""

from __future__ import annotations

import re

MAX_QUERY = 1000
"""Characters; a longer query is cut."""


def plain_title(title: str) -> str:
    """A title for comparing: case, punctuation and an article at the front aside."""
    return re.sub(r"^(?:the|a|an) (?=.)", "", " ".join(re.findall(r"\w+", title.casefold())))
