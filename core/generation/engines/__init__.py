"""One file per back end: how a request becomes events on it.

A module here has `stream(loaded, request, cancel) -> Iterator[Event]`; `engine_for` finds it by the loaded model's
`backend`, so a further back end is a further file.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from typing import Protocol, cast

from core.events import Event
from core.generation.request import GenerationRequest
from core.models.loaded import Loaded


class Engine(Protocol):
    """What a module in this folder offers."""

    def stream(self, loaded: Loaded, request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
        """Events from `Started` to `Finished`; setting `cancel` ends it within one token.

        Raises:
            LoupeError: one sentence; text already yielded stays valid.
        """


def engine_for(loaded: Loaded) -> Engine:
    """The engine of a loaded model."""
    return cast(Engine, importlib.import_module(f"core.generation.engines.{loaded.backend}"))
