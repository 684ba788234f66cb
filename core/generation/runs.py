"""Generations as live runs: what the Playground and `loupe generate` start, watch, find again and stop.

Knows nothing of pages, nor of how tokens come about; `core.live` has what every kind of run shares.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TypeAlias

from core.events import Event
from core.generation.cost import cost_usd
from core.generation.generate import generate
from core.generation.request import GenerationRequest
from core.generation.result import GenerationResult
from core.live import kind, run
from core.live.runs import LiveRuns

KIND = "generation"
LiveRun: TypeAlias = run.LiveRun[GenerationRequest, GenerationResult]
RunView: TypeAlias = kind.RunView[GenerationRequest, GenerationResult]


def _events(request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
    return generate(request, cancel)


_runs = LiveRuns(
    kind.Kind(
        name=KIND,
        title="a generation",
        request=GenerationRequest,
        result=GenerationResult,
        begin=lambda request: GenerationResult(model=request.model),
        events=_events,
        cost_usd=lambda model, result: cost_usd(model, result.usage),
    )
)
start, get, cancel, forget = _runs.start, _runs.get, _runs.cancel, _runs.forget
