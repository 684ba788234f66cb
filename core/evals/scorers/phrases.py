"""What several rules look for: the last match of a pattern, and the phrase “answer is”.

Knows nothing of any rule.
"""

from __future__ import annotations

import re
from collections import deque

ANSWER_IS = r"\banswer(?:\s*\([^()\n]*\))?\s+is\b"
"""In any case; a bracket may stand between, as in “the answer (Yes or No) is”."""
_ANSWER_IS = re.compile(ANSWER_IS, re.IGNORECASE)


def after_last_answer_is(text: str) -> str | None:
    """Everything after the last “answer is”; `None` without the phrase."""
    last = last_match(_ANSWER_IS, text)
    return None if last is None else text[last.end() :]


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match, going from left to right."""
    last = deque(pattern.finditer(text), maxlen=1)
    return last[0] if last else None
