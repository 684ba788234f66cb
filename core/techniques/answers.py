"""How a technique ends: the answer found in a text by a rule, or the plain truth that there is none.

Knows nothing of any technique.
"""

from __future__ import annotations

from typing import Any

from core.evals.scorers import extract
from core.events import Step
from core.techniques.technique import Events


def find(text: str, rule: str | None) -> str | None:
    """The answer that `rule` finds in `text`; `None` when it finds none, or there is no text."""
    if rule is None:
        return text.strip() or None
    return extract(rule, text)


def take(text: str, rule: str | None) -> Events[str | None]:
    """The answer in `text`, with a step that says by which rule it was found."""
    answer = find(text, rule)
    if rule is not None:
        yield Step("extraction", answer or "", {"rule": rule, "found": answer is not None})
    return answer


def conclude(answer: str | None, why_not: str = "", **data: Any) -> Events[None]:
    """The last steps: the answer, or first a problem that says why there is none.

    Args:
        answer: the final answer.
        why_not: one sentence, for when it is `None`.
        data: what else belongs to the answer, such as the agreement of a vote.
    """
    if answer is None:
        yield Step("problem", why_not, {})
    yield Step("answer", answer or "", {"found": answer is not None, **data})


def nothing_found(rule: str | None) -> str:
    """Why there is no answer, in a sentence."""
    if rule is None:
        return "The model said nothing."
    return f"The rule {rule} finds no answer in what the model said, so there is none."
