"""`gsm8k-flexible`: the last thing that looks like a number.

Knows nothing of signs and words around it: `16-7` ends in -7 here, as it does in the harness.
"""

from __future__ import annotations

import re

from core.evals.scorers.phrases import last_match
from core.evals.scorers.rule import Rule
from core.evals.scorers.rules.gsm8k_strict import clean

_NUMBER = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")


def find(text: str) -> str | None:
    """The last match of the harness's pattern, cleaned as in `gsm8k-strict`."""
    last = last_match(_NUMBER, text)
    return None if last is None else clean(last[0])


RULE = Rule(
    name="gsm8k-flexible",
    what="The last run of digits, points, commas and $, or single digit, without $, commas and a final full stop.",
    source="lm-evaluation-harness, task gsm8k, filter flexible-extract",
    find=find,
)
