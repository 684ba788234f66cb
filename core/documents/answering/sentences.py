"""The sentences of a text, as the characters they take up.

Knows nothing of who wrote the text: answers and passages are both cut here, so that they can be compared.
"""

from __future__ import annotations

import re

from core.documents.spans import Span

_END = re.compile(
    r"""(?:(?<=[.!?…])|(?<=[.!?…]["'”’»)\]]))                                # after a full stop and what closes with it
    (?<!\b[A-Za-z]\.)(?<!\b(?:Dr|Mr|Ms|St|No|vs|pp|ca|cf)\.)(?<!\b(?:Mrs|e\.g|i\.e|etc)\.)
    \s+(?=["'“‘«(\[*_]*[^\W_a-z])                                           # before anything but a small letter
    |(?<=[。！？])                                                           # scripts that put no space between them
    |\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*•>|\#]|\d+[.)])\s)                       # an empty line, an item of a list
    """,
    re.VERBOSE,
)
"""Where a sentence ends. A single letter before a full stop is an initial, not a sentence's last word."""


def sentences(text: str) -> list[Span]:
    """The sentences of `text` in order, without the blanks around them: `text[span.start:span.end]`."""
    found: list[Span] = []
    start = 0
    borders = [(match.start(), match.end()) for match in _END.finditer(text)]
    for stop, after in [*borders, (len(text), len(text))]:
        piece = text[start:stop]
        if kept := piece.strip():
            begin = start + len(piece) - len(piece.lstrip())
            found.append(Span(begin, begin + len(kept)))
        start = after
    return found
