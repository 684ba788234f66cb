"""Asking a model to rewrite a question: short, greedy, the question as data between marks.

Knows nothing of what is made of the answer.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from core.documents.retrieval.result import Rewriting

SEED = 0
LONGEST_QUESTION = 2000
"""Characters of it that the model is shown."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came of a question."""

    texts: tuple[str, ...]
    """To search with beside it."""
    told: Rewriting
    note: str | None = None
    """What a person should know."""


def ask(
    kind: str, model: str | None, instruction: str, question: str, max_tokens: int, cancel: threading.Event
) -> Rewriting:
    """The model's answer to `instruction` about the question.

    Raises:
        LoupeError: the model could not be loaded, or could not answer.
    """
    from core.generation.generate import generate
    from core.generation.params import SamplingParams
    from core.generation.request import GenerationRequest
    from core.generation.result import GenerationResult
    from core.settings import get_settings

    ref = model or get_settings().default_model
    request = GenerationRequest.parse(
        model=ref,
        messages=[{"role": "user", "content": f"{instruction}\n\n{delimited(question)}"}],
        params=SamplingParams.parse(temperature=0, seed=SEED, max_tokens=max_tokens),
    )
    result = GenerationResult()
    for event in generate(request, cancel):
        result.fold(event)
    return Rewriting(kind=kind, model=ref, prompt=result.prompt, output=result.text.strip())


def delimited(question: str) -> str:
    """The question between marks that it cannot close itself."""
    shown = question.strip()[:LONGEST_QUESTION].replace("<", "‹").replace(">", "›")
    return f"<question>\n{shown}\n</question>"
