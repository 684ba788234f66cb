"""The rules that find an answer, one file each with a `RULE`. A further rule is a further file and its name here.

Knows nothing of metrics.
"""

from __future__ import annotations

from core.evals.scorers.rule import Rule
from core.evals.scorers.rules import (
    answer_is,
    boxed,
    gsm8k_flexible,
    gsm8k_strict,
    last_number,
    letter,
    program,
    react_finish,
    regex,
    yes_no,
)

_FILES = (
    *(last_number, gsm8k_strict, gsm8k_flexible, answer_is, letter, boxed, yes_no, react_finish),
    *(program, regex),
)
RULES: dict[str, Rule] = {each.RULE.name: each.RULE for each in _FILES}
"""By name, in the order in which they are listed to a person."""
