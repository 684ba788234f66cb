"""The runs of one kind: start one, find one (live in this process or in the store), stop one.

Knows nothing of what the runs do.
"""

from __future__ import annotations

import atexit
import threading
import time
from typing import Generic

from core.errors import NotFound, StoreError
from core.live.kind import Kind, Req, Res, RunView
from core.live.run import LiveRun
from core.store import runs as store

KEEP_FINISHED = 64
"""How many finished runs stay in memory: a page that still polls one gets it without reading the store."""


class LiveRuns(Generic[Req, Res]):
    """Every run of `kind` that this process knows."""

    def __init__(self, kind: Kind[Req, Res]) -> None:
        self.kind = kind
        self._runs: dict[str, LiveRun[Req, Res]] = {}
        self._lock = threading.Lock()
        atexit.register(self._close)

    def start(self, request: Req) -> LiveRun[Req, Res]:
        """Store the run and begin the work in a thread of its own.

        Raises:
            NotFound: `request.parent` is no run id.
            StoreError: the store cannot be written; nothing was started.
        """
        if request.parent is not None:
            store.check_id(request.parent)
        run = LiveRun(self.kind, request)
        run.begin()
        with self._lock:
            finished = [run_id for run_id, other in self._runs.items() if other.wait(0)]
            for run_id in finished[: max(0, len(finished) - KEEP_FINISHED)]:
                if self._runs[run_id].unsaved is None:  # else memory is the only place that has it
                    del self._runs[run_id]
            self._runs[run.id] = run
        return run

    def get(self, run_id: str) -> RunView[Req, Res]:
        """The run: live if this process works on it, else from the store.

        Raises:
            NotFound: there is no such run.
            StoreError: the store cannot be read, or holds something this version cannot.
        """
        with self._lock:
            live = self._runs.get(run_id)
        if live is not None:
            return live.view()
        record = store.get(run_id)
        if record.kind != self.kind.name:
            raise NotFound(f"The run {run_id} is not {self.kind.title}; open it from the Runs page.")
        if record.status == "running" and store.mark_interrupted():
            record = store.get(run_id)
        try:
            request = self.kind.request.model_validate_json(record.request)
            result = self.kind.result.model_validate_json(record.result)
        except ValueError:
            raise StoreError(
                f"The run {run_id} was stored by another version of Loupe in a form that this one cannot read; "
                "export it from the Runs page."
            ) from None
        if record.status != "running":
            result.close()
        result.error = record.error
        return RunView(
            id=record.id,
            request=request,
            status=record.status,
            result=result,
            version=int(record.updated_at.timestamp() * 1e6),
            created_at=record.created_at,
            cost_usd=record.cost_usd,
        )

    def cancel(self, run_id: str) -> None:
        """Stop a run of this process; one that has ended stays as it is.

        Raises:
            NotFound: this process does not work on it.
        """
        with self._lock:
            live = self._runs.get(run_id)
        if live is None:
            raise NotFound(f"The run {store.check_id(run_id)} is not running here; stop it where it was started.")
        live.cancel()

    def forget(self, run_ids: list[str]) -> None:
        """Drop finished runs from memory after they were deleted from the store."""
        with self._lock:
            for run_id in run_ids:
                if run_id in self._runs and self._runs[run_id].wait(0):
                    del self._runs[run_id]

    def _close(self) -> None:
        """Store what is there when the process ends in an orderly way; after a crash the store tells the truth."""
        with self._lock:
            running = [run for run in self._runs.values() if not run.wait(0)]
        for run in running:
            run.cancel(closing=True)
        deadline = time.monotonic() + 5
        for run in running:
            run.wait(max(0.0, deadline - time.monotonic()))
