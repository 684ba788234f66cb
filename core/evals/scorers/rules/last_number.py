"""`last-number`: the last number of a chain of thought.

Knows nothing of phrases: whatever the text says, its last number counts.
"""

from __future__ import annotations

from core.evals.scorers.numbers import NUMBER, plain
from core.evals.scorers.phrases import last_match
from core.evals.scorers.rule import Rule


def find(text: str) -> str | None:
    """The last number, without `$` and commas."""
    last = last_match(NUMBER, text)
    return None if last is None else plain(last[0])


RULE = Rule(
    name="last-number",
    what="The last number, without $ and thousands commas; in 16-7 the minus belongs to neither number.",
    source="Kojima et al. 2022, Large Language Models are Zero-Shot Reasoners, answer cleansing of a chain of thought "
    "that does not announce its answer",
    find=find,
)
