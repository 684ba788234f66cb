"""`react-finish`: what an agent ended with, `Action: Finish[…]`.

Knows nothing of other actions, nor of whether the agent was told that it was right.
"""

from __future__ import annotations

import re

from core.evals.scorers.phrases import last_match
from core.evals.scorers.rule import Rule

_FINISH = re.compile(r"^[^\S\r\n]*action\s*[0-9]*\s*:\s*finish\s*\[([^\r\n]*)\]", re.IGNORECASE | re.MULTILINE)


def find(text: str) -> str | None:
    """What stands between the first `[` and the last `]` of the last such line."""
    last = last_match(_FINISH, text)
    return None if last is None else last[1].strip()


RULE = Rule(
    name="react-finish",
    what="What the last line “Action: Finish[…]” holds in its brackets, with or without a step number.",
    source="Yao et al. 2023, ReAct: Synergizing Reasoning and Acting in Language Models",
    find=find,
)
