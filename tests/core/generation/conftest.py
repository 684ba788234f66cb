"""Helpers for generation tests: run a request to its result, alone or in a crowd."""

from __future__ import annotations

import threading
from typing import Any

from core.errors import LoupeError
from core.generation.generate import generate
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.result import GenerationResult


def request(model: str, prompt: str = "The lens", **values: Any) -> GenerationRequest:
    """A completion request; sampling parameters and request fields in one."""
    fields = {name: values.pop(name) for name in list(values) if name in GenerationRequest.model_fields}
    fields.setdefault("mode", "completion")
    return GenerationRequest.parse(model=model, prompt=prompt, params=SamplingParams.parse(**values), **fields)


def run(asked: GenerationRequest, cancel: threading.Event | None = None) -> GenerationResult:
    """All events folded."""
    result = GenerationResult()
    for event in generate(asked, cancel):
        result.fold(event)
    return result


def ids(result: GenerationResult, sample: int = 0) -> list[int]:
    """Token ids of an answer."""
    return [token.id for token in result.completions[sample].tokens]


def crowd(asked: list[GenerationRequest]) -> list[GenerationResult]:
    """All requests at once, each from its own thread."""
    results: list[GenerationResult | LoupeError] = [GenerationResult()] * len(asked)
    start = threading.Barrier(len(asked))

    def one(place: int) -> None:
        start.wait()
        try:
            results[place] = run(asked[place])
        except LoupeError as error:
            results[place] = error

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, LoupeError):
            raise result
    return [result for result in results if isinstance(result, GenerationResult)]
