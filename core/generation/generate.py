"""The one way in: a request to a stream of events, whatever the back end.

Knows nothing of stores or pages: `core.generation.runs` keeps what comes out.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator

from core.errors import InvalidInput, Unsupported
from core.events import Event, Finished, SampleFinished, Started
from core.generation.engines import engine_for
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.models.capabilities import SAMPLERS, Capabilities
from core.models.pool import LeaseCancelled, get_pool


def generate(request: GenerationRequest, cancel: threading.Event | None = None) -> Iterator[Event]:
    """Load the model if need be and yield events from `Started` to `Finished`.

    Setting `cancel` ends it within one token, or at once while the model is being loaded; the events then still end
    with `Finished`, the samples with "cancelled".

    Raises:
        LoupeError: one sentence; what was yielded before stays valid.
    """
    cancel = cancel or threading.Event()
    began = time.perf_counter()
    try:
        with get_pool().lease(request.model, cancel) as loaded:
            require(loaded.capabilities, request)
            yield from engine_for(loaded).stream(loaded, request, cancel)
    except LeaseCancelled:
        params = request.params
        seed = secrets.randbelow(2**31) if params.seed is None else params.seed
        yield Started(request.model, request.prompt, None, seed, params.n)
        for sample in range(params.n):
            yield SampleFinished(sample, request.answer_text, "cancelled")
        yield Finished(None, 0, None, time.perf_counter() - began)


def require(capabilities: Capabilities, request: GenerationRequest) -> None:
    """Check that the back end can do all of what is asked.

    Raises:
        Unsupported: names the first thing it cannot do, and why.
    """
    neutral = SamplingParams()
    wanted = [name for name in SAMPLERS if getattr(request.params, name) != getattr(neutral, name)]
    if request.params.greedy:  # every back end is greedy at temperature 0, where only penalties matter
        wanted = [name for name in wanted if name not in ("temperature", "top_k", "top_p", "min_p", "typical_p")]
    wanted.append(request.mode)
    if request.top_logprobs:
        wanted.append("token_probabilities")
    if request.answer_ids:
        wanted.append("fork")
    if request.params.num_beams > 1:
        wanted.append("beams")
    for name in wanted:
        if reason := capabilities.reason(name):
            raise Unsupported(f"{request.model} cannot do {name.replace('_', ' ')}: {reason}")
    if request.top_logprobs > capabilities.max_alternatives:
        raise InvalidInput(
            f"top_logprobs is {request.top_logprobs}: {request.model} reports at most {capabilities.max_alternatives}.",
            "top_logprobs",
        )
