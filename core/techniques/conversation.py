"""What is said so far between us and the model, as a chat or as one text to continue.

Knows nothing of techniques or models.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.generation.request import Mode
from core.prompts.file import PromptMessage


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns; never changed, only continued."""

    mode: Mode
    turns: tuple[PromptMessage, ...]
    replies: frozenset[int] = frozenset()
    """Places of turns that the model itself wrote."""

    def reply(self, text: str) -> Conversation:
        """The model's reply added."""
        turns = (*self.turns, PromptMessage(role="assistant", content=text))
        return Conversation(self.mode, turns, self.replies | {len(self.turns)})

    def say(self, messages: Iterable[PromptMessage]) -> Conversation:
        """Our messages added."""
        return Conversation(self.mode, (*self.turns, *messages), self.replies)

    def replace(self, place: int, content: str) -> Conversation:
        """The turn at `place` with another content."""
        turns = list(self.turns)
        turns[place] = turns[place].model_copy(update={"content": content})
        return Conversation(self.mode, tuple(turns), self.replies)

    @property
    def text(self) -> str:
        """All of it as one text: a reply follows what it answers letter by letter, other turns stand apart."""
        text = ""
        for place, turn in enumerate(self.turns):
            if not text or place in self.replies:
                text += turn.content
            elif place - 1 in self.replies:
                text += turn.content if text.endswith("\n") else f"\n{turn.content}"
            else:
                text += f"\n\n{turn.content}"
        return text

    @property
    def messages(self) -> list[dict[str, str]]:
        """All of it as a chat."""
        return [{"role": turn.role, "content": turn.content.strip() or "…"} for turn in self.turns]

    @property
    def asked(self) -> dict[str, Any]:
        """Fields of a `GenerationRequest`."""
        if self.mode == "completion":
            return {"mode": "completion", "prompt": self.text}
        return {"mode": "chat", "messages": self.messages}

    @property
    def labelled(self) -> str:
        """A chat as text, for a model whose template only the endpoint knows."""
        if self.mode == "completion":
            return self.text
        return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in self.messages)
