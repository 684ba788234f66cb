"""Answers as live runs: what the page Ask and `loupe docs ask` start, watch, find again and stop.

Knows nothing of pages, nor of how an answer comes about; `core.live` has what every kind of run shares.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TypeAlias

from core.documents.answering.answer import Search, answer
from core.documents.answering.asking import Stopped
from core.documents.answering.request import AnswerRequest
from core.documents.answering.result import AnswerResult
from core.documents.retrieval.result import SearchResult
from core.documents.settings import RetrievalSettings
from core.events import Event, Finished
from core.generation.cost import cost_usd
from core.live import kind, run
from core.live.runs import LiveRuns
from core.models.pool import LeaseCancelled

KIND = "answer"
LiveRun: TypeAlias = run.LiveRun[AnswerRequest, AnswerResult]
RunView: TypeAlias = kind.RunView[AnswerRequest, AnswerResult]


def work(request: AnswerRequest, cancel: threading.Event, search: Search | None = None) -> Iterator[Event]:
    """Events of one question, the last of them `Finished` with the whole time, the search included.

    Args:
        request: what is asked.
        cancel: ends it when set.
        search: how passages are found; `core.documents.retrieval.search` unless given.

    Raises:
        LoupeError: one sentence; what was yielded before stays valid.
    """
    began = time.perf_counter()
    with contextlib.suppress(Stopped, LeaseCancelled):  # somebody asked for it; the result says so
        yield from answer(request, cancel, search or _search)
    yield Finished(None, 0, None, time.perf_counter() - began)


def _search(collection: str, query: str, settings: RetrievalSettings, cancel: threading.Event | None) -> SearchResult:
    from core.documents import retrieval

    return retrieval.search(collection, query, settings, cancel)


_runs = LiveRuns(
    kind.Kind(
        name=KIND,
        title="an answer from documents",
        request=AnswerRequest,
        result=AnswerResult,
        begin=lambda request: AnswerResult(),
        events=work,
        cost_usd=lambda model, result: cost_usd(model, result.usage),
    )
)
start, get, cancel, forget = _runs.start, _runs.get, _runs.cancel, _runs.forget
