"""Steps that several techniques take first: which examples are shown, and what did not fit.

Knows nothing of what comes after.
"""

from __future__ import annotations

from core.events import Step
from core.techniques.conversation import Conversation
from core.techniques.lab import Lab
from core.techniques.technique import Events
from core.techniques.trimming import Parts


def begin(lab: Lab) -> Events[tuple[Conversation, Parts]]:
    """The first prompt and its parts, with a step for its examples and one for everything left out."""
    conversation, notes, parts = lab.prepare()
    for note in notes:
        yield Step("trimmed", note, {})
    if parts.examples:
        titles = [example.title for example in parts.examples]
        text = f"{len(titles)}, in this order: " + "; ".join(f"“{title}”" for title in titles)
        yield Step("examples", text, {"questions": [example.question for example in parts.examples]})
    return conversation, parts
