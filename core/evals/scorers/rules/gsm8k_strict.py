"""`gsm8k-strict`: the number after `####`, the form of GSM8K's own solutions.

Knows nothing of numbers anywhere else.
"""

from __future__ import annotations

import re

from core.evals.scorers.rule import Rule

_MARKED = re.compile(r"#### (\-?[0-9\.\,]+)")


def find(text: str) -> str | None:
    """The first number behind `#### `."""
    found = _MARKED.search(text)
    return None if found is None else clean(found[1])


def clean(number: str) -> str:
    """Without `$`, commas and a final full stop, as the harness compares it."""
    return number.replace(",", "").replace("$", "").removesuffix(".")


RULE = Rule(
    name="gsm8k-strict",
    what="The number behind the first “#### ”, without $, commas and a final full stop.",
    source="lm-evaluation-harness, task gsm8k, filter strict-match; the mark is that of Cobbe et al. 2021 (GSM8K)",
    find=find,
)
