"""One call of a variant, to its end: a request in, an `Output` out, whichever kind of request it is.

Goes the way that the Playground, the Prompt lab and Ask go. Knows nothing of rows, assertions or what is kept.
"""

from __future__ import annotations

import threading
import time

from core.documents.answering.request import AnswerRequest
from core.errors import LoupeError
from core.evals.output import Output
from core.evals.variant import Request
from core.generation.cost import cost_usd
from core.generation.request import GenerationRequest
from core.generation.result import GenerationResult
from core.techniques.request import TechniqueRequest

STOPPED = "It was stopped."
"""The error of an output that nobody waited for."""


def ask(request: Request, cancel: threading.Event | None = None) -> Output:
    """What comes of the request. A failure is an output with `error`; what had arrived before it is kept.

    Many threads may ask at once: requests to one model in this process share batches.
    """
    return attempt(request, cancel)[0]


def attempt(request: Request, cancel: threading.Event | None = None) -> tuple[Output, LoupeError | None]:
    """As `ask`, and the failure itself, for whoever decides whether to try again."""
    cancel, began = cancel or threading.Event(), time.perf_counter()
    if isinstance(request, GenerationRequest):
        return _generated(request, cancel, began)
    return _folded(request, cancel, began)


def _generated(request: GenerationRequest, cancel: threading.Event, began: float) -> tuple[Output, LoupeError | None]:
    from core.generation.generate import generate

    result, failure = GenerationResult(model=request.model), None
    try:
        for event in generate(request, cancel):
            result.fold(event)
    except LoupeError as error:
        failure = error
    done = result.completions[0] if result.completions else None
    stopped = done is None or done.finish_reason == "cancelled"
    output = Output(
        text=result.text,
        error=str(failure) if failure else STOPPED if stopped else None,
        prompt=result.prompt,
        finish_reason=done.finish_reason if done else None,
        prompt_tokens=result.usage.prompt_tokens,
        completion_tokens=result.usage.completion_tokens,
        seconds=time.perf_counter() - began,
        ttft_s=result.timing.ttft_s,
        cost_usd=cost_usd(request.model, result.usage),
    )
    return output, failure


def _folded(
    request: TechniqueRequest | AnswerRequest, cancel: threading.Event, began: float
) -> tuple[Output, LoupeError | None]:
    from core.documents.answering import AnswerResult
    from core.documents.answering import runs as answers
    from core.techniques import runs as techniques
    from core.techniques.result import TechniqueResult

    failure: LoupeError | None = None
    result: AnswerResult | TechniqueResult
    if isinstance(request, TechniqueRequest):
        result, events = TechniqueResult(), techniques.work(request, cancel)
    else:
        result, events = AnswerResult(), answers.work(request, cancel)
    try:
        for event in events:
            result.fold(event)
    except LoupeError as error:
        failure = error
    output = Output(
        text=result.text,
        error=str(failure) if failure else STOPPED if cancel.is_set() else None,
        prompt=result.prompt,
        prompt_tokens=result.usage.prompt_tokens,
        completion_tokens=result.usage.completion_tokens,
        seconds=time.perf_counter() - began,
        ttft_s=result.timing.ttft_s,
        cost_usd=cost_usd(request.model, result.usage),
        steps=tuple(step.model_dump(mode="json") for step in result.steps),
    )
    return output, failure
