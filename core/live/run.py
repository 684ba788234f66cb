"""One run of this process: a thread that outlives clicks and refreshes, its events, and what the store gets of it.

Every event is folded into the run's result and kept for whoever watches; the store gets what has arrived at most once a
second, and all of it at the end. Knows nothing of pages, nor of what the run does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Generic

from core.errors import LoupeError, StreamInterrupted
from core.events import Event, Failed
from core.live.kind import Kind, Req, Res, RunView
from core.log import get_log
from core.store import runs as store
from core.store.runs import RunRecord, RunStatus

_SAVE_EVERY_S = 1.0
_SAVE_SHARE = 20  # a save may take at most a twentieth of the time, however long the answer has grown
_SAVE_ATTEMPTS = 6  # each waits for a locked database as long as the store does
_UNSTORABLE = "The answer cannot be stored; it is lost when Loupe ends. The details are in logs/loupe.log."
_UNEXPECTED = "Something went wrong inside Loupe; the details are in logs/loupe.log in the data directory."


class LiveRun(Generic[Req, Res]):
    """One run of this process. `LiveRuns.start` makes it; its methods may be called from any thread."""

    def __init__(self, kind: Kind[Req, Res], request: Req) -> None:
        self.id = store.new_id()
        self.kind = kind
        self.request = request
        self.created_at = datetime.now(UTC)
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._result = kind.begin(request)
        self._status: RunStatus = "running"
        self._snapshot: tuple[int, Res] | None = None
        self._cancel = threading.Event()
        self._closing = False
        self._stored = threading.Event()
        self._unsaved: str | None = None
        self._next_save = time.monotonic() + _SAVE_EVERY_S

    @property
    def status(self) -> RunStatus:
        """Where it stands."""
        return self._status

    @property
    def version(self) -> int:
        """Grows with every event and with the end."""
        return len(self._events) + (self._status != "running") + self._stored.is_set()

    @property
    def unsaved(self) -> str | None:
        """Why the store does not have it (one sentence); it is then in memory only."""
        return self._unsaved

    def snapshot(self) -> Res:
        """The result so far, which later events leave alone."""
        with self._changed:
            if self._snapshot is None or self._snapshot[0] != len(self._events):
                self._snapshot = (len(self._events), self._result.snapshot())
            return self._snapshot[1]

    def view(self) -> RunView[Req, Res]:
        """The run at this moment."""
        version, status, result = self.version, self._status, self.snapshot()
        return RunView(
            id=self.id,
            request=self.request,
            status=status,
            result=result,
            version=version,
            created_at=self.created_at,
            cost_usd=self.kind.cost_usd(self.request.model, result),
            unsaved=self._unsaved,
        )

    def events(self) -> Iterator[Event]:
        """Every event from the first on, then as they come, until the run ends. Any number may listen."""
        position, over = 0, False
        while not over:
            fresh, over = self._events_after(position)
            yield from fresh
            position += len(fresh)

    def cancel(self, *, closing: bool = False) -> None:
        """Ask it to stop soon; what it did stays. `closing` says that the process ends, and nobody chose to stop."""
        self._closing = self._closing or closing
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended and is stored; `False` when `timeout` seconds were not enough."""
        return self._stored.wait(timeout)

    def begin(self) -> None:
        """Store it and start its thread.

        Raises:
            StoreError: the store cannot be written; nothing was started.
        """
        store.save(self._record(self._result))
        threading.Thread(target=self._work, name=f"run-{self.id}", daemon=True).start()

    def _events_after(self, position: int) -> tuple[list[Event], bool]:
        """Wait for events past `position`; and whether these are the last."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._events) > position or self._status != "running")
            return self._events[position:], self._status != "running"

    def _work(self) -> None:
        try:
            status = self._follow()
            with self._changed:
                self._status = status
                self._changed.notify_all()
            self._save_final()
        finally:  # whatever happened: somebody waits for it
            with self._changed:
                self._status = "failed" if self._status == "running" else self._status
                self._stored.set()
                self._changed.notify_all()

    def _follow(self) -> RunStatus:
        """Take in all events, and say how it ended."""
        try:
            for event in self.kind.events(self.request, self._cancel):
                self._add(event)
                self._save_partial()
            status = self._result.ended(self._cancel.is_set())
            return "interrupted" if status == "cancelled" and self._closing else status
        except LoupeError as error:
            self._add(Failed(str(error), type(error).__name__))
            return "interrupted" if isinstance(error, StreamInterrupted) else "failed"
        except Exception:
            get_log().exception("run %s failed", self.id)
            self._add(Failed(_UNEXPECTED, "LoupeError"))
            return "failed"

    def _add(self, event: Event) -> None:
        with self._changed:
            self._result.fold(event)
            self._events.append(event)
            self._changed.notify_all()

    def _save_partial(self) -> None:
        started = time.monotonic()
        if started < self._next_save:
            return
        try:
            store.save(self._record(self._result))
        except LoupeError as error:  # the answer goes on; the next save has all of it
            get_log().warning("run %s: %s", self.id, error)
        except Exception:  # the same; the last save tells the person
            get_log().exception("run %s cannot be stored", self.id)
        ended = time.monotonic()
        self._next_save = ended + max(_SAVE_EVERY_S, _SAVE_SHARE * (ended - started))

    def _save_final(self) -> None:
        for attempt in range(1, _SAVE_ATTEMPTS + 1):
            try:
                store.save(self._record(self._result))
                self._unsaved = None
                return
            except LoupeError as error:
                self._unsaved = f"This run could not be saved: {error}"
                get_log().warning("run %s, attempt %d: %s", self.id, attempt, error)
                time.sleep(0.5)
            except Exception:
                self._unsaved = _UNSTORABLE
                get_log().exception("run %s cannot be stored", self.id)
                break
        self._save_without_result()

    def _save_without_result(self) -> None:
        """Store at least that it has ended: what cannot be written would else seem to go on for ever."""
        bare = self.kind.begin(self.request)
        bare.error = self._unsaved
        try:
            store.save(replace(self._record(bare), status="failed"))
        except LoupeError as error:
            get_log().warning("run %s: %s", self.id, error)

    def _record(self, result: Res) -> RunRecord:
        request, running = self.request, self._status == "running"
        return RunRecord(
            id=self.id,
            kind=self.kind.name,
            status=self._status,
            model=request.model,
            title=store.title_of(request.question),
            created_at=self.created_at,
            updated_at=datetime.now(UTC),
            parent=request.parent,
            owner=store.this_process() if running else None,
            prompt_tokens=result.usage.prompt_tokens,
            completion_tokens=result.usage.completion_tokens,
            total_s=result.timing.total_s or None,
            tokens_per_s=result.timing.tokens_per_s,
            cost_usd=self.kind.cost_usd(request.model, result),
            error=result.error,
            search=store.searchable(request.question, result.text),
            request=request.model_dump_json(),
            result=result.model_dump_json(),
        )
