"""A question that follows on others, rewritten by the model so that it can be searched for alone.

A small model may answer instead, or make something up: what it wrote is taken only when it is one question of the
conversation's own words. Knows nothing of searching.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from core.documents.answering.asking import Asking
from core.documents.answering.wording import filled, stand_alone_wording
from core.documents.answering.words import content_stems
from core.events import Event, Step
from core.generation.params import SamplingParams
from core.generation.request import ChatMessage

TURNS = 6
"""Messages of the history that are shown to the model."""
MOST = 400
"""Characters of each of them, and of a question that it writes."""
MAX_TOKENS = 80
NEW_WORDS = 0.34
"""Share of a rewritten question's words that may come from nowhere."""
_LEAD = re.compile(r"^(?:(?:stand[- ]?alone |rewritten |new )?question|rewrite|answer)\s*:\s*", re.IGNORECASE)


def stand_alone(question: str, history: Sequence[ChatMessage], asking: Asking) -> Generator[Event, None, str]:
    """The question to search for, with a step that says what became of it."""
    said = "\n".join(
        f"{'Q' if message.role == 'user' else 'A'}: {_short(message.content)}" for message in history[-TURNS:]
    )
    messages = filled(stand_alone_wording(), {"history": said, "question": question.strip()})
    reply = yield from asking.ask(
        "stand-alone question", messages, SamplingParams(temperature=0, max_tokens=MAX_TOKENS)
    )
    rewritten = _tidied(reply)
    problem = why_not(rewritten, question, said)
    data = {"asked": question, "question": question if problem else rewritten, "rewritten": not problem}
    if problem:
        yield Step("question", f"The question is searched for as it was asked: {problem}.", {**data, "reply": reply})
        return question
    yield Step("question", rewritten, {**data, "reply": reply})
    return rewritten


def why_not(rewritten: str, question: str, history: str) -> str:
    """Why a rewritten question cannot be used; "" when it can."""
    if not rewritten:
        return "the model wrote nothing"
    if len(rewritten) > max(MOST, 2 * len(question)):
        return f"what the model wrote has {len(rewritten):,} characters"
    if rewritten.casefold() == " ".join(question.split()).casefold():
        return "it stands alone"
    if "?" in question and "?" not in rewritten:
        return "the model wrote no question"
    words = content_stems(rewritten)
    known = set(content_stems(f"{question} {history}"))
    new = [word for word in words if word not in known]
    if words and len(new) / len(words) > NEW_WORDS:
        return "the model wrote of something else"
    return ""


def _tidied(reply: str) -> str:
    """The first line that says something, without quotes and labels."""
    lines = [line.strip() for line in reply.splitlines() if line.strip()]
    line = _LEAD.sub("", " ".join(lines[0].split())) if lines else ""
    return line.strip("\"“”'‘’*_` ")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST else text[: MOST - 1] + "…"
