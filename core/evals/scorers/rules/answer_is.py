"""`answer-is`: what follows the last “answer is” on its line.

Knows nothing of what an answer looks like.
"""

from __future__ import annotations

import re

from core.evals.scorers.phrases import after_last_answer_is
from core.evals.scorers.rule import Rule

_REST_OF_LINE = re.compile(r"[^\S\r\n]*:?\s*([^\r\n]*)")


def find(text: str) -> str | None:
    """The rest of the line, without one final full stop; a colon or line breaks before it are skipped."""
    rest = after_last_answer_is(text)
    found = None if rest is None else _REST_OF_LINE.match(rest)
    return None if found is None else found[1].strip().removesuffix(".").strip()


RULE = Rule(
    name="answer-is",
    what="The rest of the line after the last “answer is”, without a final full stop.",
    source="Suzgun et al. 2022, Challenging BIG-Bench Tasks and Whether Chain-of-Thought Can Solve Them",
    find=find,
)
