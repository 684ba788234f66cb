"""`regex:PATTERN`: a pattern of one's own, in the syntax of Python's `re`.

Knows nothing of what the pattern looks for. The pattern may come from a file that somebody else wrote, so a search has
a limit on its time.
"""

from __future__ import annotations

from core.evals.scorers.patterns import search
from core.evals.scorers.rule import Rule


def find(text: str, pattern: str) -> str | None:
    """The first group that took part in the first match, else the whole match, stripped.

    Raises:
        InvalidInput: the pattern is malformed, or takes too long on this text.
    """
    found = search(pattern, text)
    if found is None:
        return None
    return next((group for group in found.groups() if group is not None), found.group()).strip()


RULE = Rule(
    name="regex",
    what="The first group of a pattern that took part in its first match, else the whole match, stripped.",
    source="Python's documentation, re.search",
    find=find,
    argument="PATTERN",
)
