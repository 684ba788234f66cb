"""`factuality`: a model compares the facts of the output with those of a reference, as one of five cases.

Knows nothing of prompts.
"""

from __future__ import annotations

from typing import Any

from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged
from core.evals.assertions.judges import judge_of, question, refuse_judge
from core.evals.assertions.kind import Kind
from core.evals.judging.rubric import CASES, by_facts
from core.prompts.inputs import as_text

SCORES = {"subset": 1.0, "superset": 1.0, "agree": 1.0, "disagree": 0.0, "differButFactual": 1.0}
"""What each case A to E counts, by promptfoo's names; the option `factuality` changes them."""
_NAMES = dict(zip(CASES, SCORES, strict=True))


def look(judged: Judged) -> Finding:
    """Which case holds; it passes where that counts for more than 0."""
    (case, reason), kept = by_facts(
        as_text(judged.value),
        question(judged.case),
        judged.text,
        judged.case.judging,
        model=judge_of(judged.assertion),
    )
    score = float({**SCORES, **_changed(judged.assertion)}[_NAMES[case]])
    return Finding(score > 0, score, f"{CASES[case]} {reason}".strip(), {**kept, "category": case})


def _changed(assertion: Assertion) -> dict[str, Any]:
    changed = assertion.options.get("factuality")
    return changed if isinstance(changed, dict) else {}


def _refuse(assertion: Assertion) -> str | None:
    changed = _changed(assertion)
    if unknown := set(changed) - set(SCORES):
        return f"has an unknown case {min(map(str, unknown))!r} under factuality; choose from {', '.join(SCORES)}"
    for name, score in changed.items():
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            return f"has a score for {name} that is not from 0 to 1"
    return refuse_judge(assertion)


KINDS = (
    Kind(
        "factuality",
        "A model finds that the output says nothing against the reference.",
        "OpenAI Evals, fact; promptfoo, Factuality",
        "text",
        look,
        expects=True,
        options=("provider", "factuality"),
        asks_model=True,
        refuse=_refuse,
    ),
)
