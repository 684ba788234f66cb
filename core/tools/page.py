"""A document that a tool found: its title, its text, and the sentences that hold a word.

Knows nothing of where documents come from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_END = re.compile(
    r"""(?:(?<=[.!?])|(?<=[.!?]["'”’)\]]))      # after a full stop, or the quote or bracket that follows it
    (?<!\b[A-Za-z]\.)(?<!\b(?:Dr|Mr|Ms|St|No|vs|pp|ca|cf)\.)(?<!\b(?:Mrs|e\.g|i\.e|etc)\.)
    \s+(?=["'“‘(\[]?[A-Z0-9À-ÖØ-Þ])          # and before a capital or a digit
    |\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*•>|\#]|\d+[.)])\s)""",  # or at an empty line, or before an item of a list
    re.VERBOSE,
)
"""Where a sentence ends. A single letter before a full stop is an initial, not a sentence's last word."""
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
FIRST_SENTENCES = 5
"""As in Yao et al. 2022: Search gives the first five sentences."""
PASSAGE = 900
"""Characters; a passage is cut there."""


@dataclass(frozen=True, slots=True)
class Page:
    """One document."""

    title: str
    text: str
    source: str = ""
    """Where it is: a path inside the collection, or an address."""

    def opening(self) -> str:
        """The first sentences of its first paragraph."""
        return shortened(" ".join(sentences(_PARAGRAPH.split(self.text.strip(), 1)[0], FIRST_SENTENCES)))

    def holding(self, keyword: str) -> list[str]:
        """All sentences that hold `keyword`, upper and lower case alike."""
        wanted = " ".join(keyword.split()).casefold()
        return [sentence for sentence in sentences(self.text) if wanted in sentence.casefold()]


def sentences(text: str, most: int | None = None) -> list[str]:
    """The sentences of `text`, each on one line, at most so many."""
    found: list[str] = []
    start = 0
    ends = [(match.start(), match.end()) for match in _END.finditer(text)]
    for stop, after in [*ends, (len(text), len(text))]:
        if sentence := " ".join(text[start:stop].split()):
            found.append(sentence)
            if most is not None and len(found) == most:
                break
        start = after
    return found


def shortened(text: str, length: int = PASSAGE) -> str:
    """At most `length` characters of `text`, cut between two words."""
    if len(text) <= length:
        return text
    kept = text[:length]
    return kept[: kept.rfind(" ")] + " …" if " " in kept[length // 2 :] else f"{kept}…"
