"""Asking a model to rewrite a question: short (one paragraph), greedy, the question as data between marks.

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
    kind: str,
    model: str | None,
    instruction: str,
    question: str,
    max_tokens: int,
    cancel: threading.Event,
    example: tuple[str, str] | None = None,
) -> Rewriting:
    """The model's answer to `instruction` about the question.

    Args:
        kind: of rewriting, to be told.
        model: its reference; the default model when it is `None`.
        instruction: what to do with the question.
        question: a person's.
        max_tokens: of the answer.
        cancel: when set, the answer ends where it is.
        example: a question and its answer, shown as an earlier turn: small models follow one better than words.

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
        messages=[
            *(_turns(instruction, *example) if example else ()),
            {"role": "user", "content": f"{instruction}\n\n{delimited(question)}"},
        ],
        params=SamplingParams.parse(temperature=0, seed=SEED, max_tokens=max_tokens, stop=("\n\n",)),
    )
    result = GenerationResult()
    for event in generate(request, cancel):
        result.fold(event)
    return Rewriting(kind=kind, model=ref, prompt=result.prompt, output=result.text.strip())


def _turns(instruction: str, question: str, answer: str) -> list[dict[str, str]]:
    asked = {"role": "user", "content": f"{instruction}\n\n{delimited(question)}"}
    return [asked, {"role": "assistant", "content": answer}]


def delimited(question: str) -> str:
    """The question between marks that it cannot close itself."""
    shown = question.strip()[:LONGEST_QUESTION].replace("<", "‹").replace(">", "›")
    return f"<question>\n{shown}\n</question>"
