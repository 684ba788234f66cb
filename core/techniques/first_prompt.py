"""The whole first prompt before anything runs: its text, its tokens against the context window, what was left out.

Reads a tokenizer and no weights (llama.cpp has both in one file). Knows nothing of how it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.models.tokenizer import tokenizer_of
from core.techniques.lab import Lab
from core.techniques.registry import TECHNIQUES
from core.techniques.request import TechniqueRequest


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent first."""

    prompt: str
    """Exactly as the model would see it; for an endpoint, whose template nobody here knows, the labelled chat."""
    prompt_tokens: int | None
    """`None` where only the endpoint can count."""
    max_tokens: int
    """Room that is kept for the answer."""
    context_length: int | None
    """Tokens that prompt and answer may have together; `None` when nobody knows."""
    trimmed: tuple[str, ...]
    """One sentence for everything that was left out to make it fit."""

    @property
    def fits(self) -> bool:
        """Whether prompt and answer fit the context window, as far as anybody knows."""
        if self.context_length is None or self.prompt_tokens is None:
            return True
        return self.prompt_tokens + self.max_tokens <= self.context_length


def preview(request: TechniqueRequest) -> Preview:
    """The first prompt of a run of `request`.

    Raises:
        LoupeError: as starting the run would; one sentence.
    """
    with tokenizer_of(request.model) as loaded:
        lab = Lab(TECHNIQUES[request.technique], request, loaded)
        conversation, trimmed, _ = lab.prepare()
        return Preview(
            prompt=lab.rendered(conversation),
            prompt_tokens=lab.count(conversation),
            max_tokens=request.params.max_tokens,
            context_length=lab.context_length,
            trimmed=trimmed,
        )
