"""What tests of the arena share: contestants, and votes that were never cast on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.evals.arena.ballots import Ballot, Outcome, Side
from core.evals.variant import Variant


def contestant(name: str, temperature: float = 0, **more: Any) -> Variant:
    """A variant that asks the question as it is; another temperature is another contestant."""
    values: dict[str, Any] = {"model": "smollm2", "messages": [{"role": "user", "content": "{{question}}"}], **more}
    return Variant.parse(name=name, params={"temperature": temperature, "max_tokens": 8}, **values)


def ballot(
    left: Variant,
    right: Variant,
    outcome: Outcome,
    *,
    number: int = 1,
    topic: str = "a",
    texts: Sequence[str] = ("l", "r"),
) -> Ballot:
    """One vote."""
    return Ballot(number, "a", "Why?", Side(variant=left, text=texts[0]), Side(variant=right, text=texts[1]), outcome)
