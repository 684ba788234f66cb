"""Runs of techniques as live runs: what the Prompt lab and `loupe ask` start, watch, find again and stop.

Several runs on one model decode in one batch, since each is a thread that asks the same decode loop. Knows nothing of
pages, nor of how any technique works; `core.live` has what every kind of run shares.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TypeAlias

from core.events import Event, Finished
from core.generation.cost import cost_usd
from core.live import kind, run
from core.live.runs import LiveRuns
from core.models.pool import LeaseCancelled, get_pool
from core.techniques.lab import Lab, Stopped
from core.techniques.registry import TECHNIQUES
from core.techniques.request import TechniqueRequest
from core.techniques.result import TechniqueResult

KIND = "technique"
LiveRun: TypeAlias = run.LiveRun[TechniqueRequest, TechniqueResult]
RunView: TypeAlias = kind.RunView[TechniqueRequest, TechniqueResult]


def work(request: TechniqueRequest, cancel: threading.Event) -> Iterator[Event]:
    """Events of one run, the last of them `Finished` with the whole time, tools and programs included.

    Raises:
        LoupeError: one sentence; what was yielded before stays valid.
    """
    began = time.perf_counter()
    technique = TECHNIQUES[request.technique]
    try:
        with get_pool().lease(request.model, cancel) as loaded:
            yield from technique.run(Lab(technique, request, loaded, cancel))
    except (Stopped, LeaseCancelled):
        pass  # somebody asked for it; the result says so
    yield Finished(None, 0, None, time.perf_counter() - began)


_runs = LiveRuns(
    kind.Kind(
        name=KIND,
        title="a run of the Prompt lab",
        request=TechniqueRequest,
        result=TechniqueResult,
        begin=lambda request: TechniqueResult(),
        events=work,
        cost_usd=lambda model, result: cost_usd(model, result.usage),
    )
)
start, get, cancel, forget = _runs.start, _runs.get, _runs.cancel, _runs.forget
