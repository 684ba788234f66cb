"""Calls for an eval: a model is loaded once, asked as often at once as it bears, and again where that makes sense.

What a judge asks goes the same way, and is kept like every other output, so that the same judgement costs nothing the
second time. Knows nothing of rows or assertions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.errors import LoupeError
from core.evals.asking import STOPPED, attempt
from core.evals.output import Output
from core.evals.running.fingerprints import Fingerprints
from core.evals.running.keys import key_of
from core.evals.running.pacing import Pace
from core.evals.variant import Request
from core.models.pool import LeaseCancelled, get_pool
from core.store import evals as store
from core.store.evals import OutputRecord


class Calls:
    """Everything that one run asks of models; methods may be called from any thread."""

    def __init__(
        self,
        most: int,
        cancel: threading.Event,
        fingerprints: Fingerprints,
        salt: str = "",
        keep: Callable[[OutputRecord], None] | None = None,
    ) -> None:
        """Set up.

        Args:
            most: calls at once to each model.
            cancel: ends all of them when set.
            fingerprints: of what requests depend on.
            salt: see `key_of`.
            keep: what becomes of a judge's output; `None`: it is written into the store at once.
        """
        self.made = 0
        """Answers that were asked for, whatever became of them; a call that was tried again counts once."""
        self._most, self._cancel = most, cancel
        self._fingerprints, self._salt = fingerprints, salt
        self._keep = keep or (lambda output: store.save_cells("", (), [output]))
        self._unread: dict[str, Output] = {}
        self._paces: dict[str, Pace] = {}
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def ask(self, request: Request) -> Output:
        """The answer; a failure is an output with `error`. Waits for its turn, and tries again after what passes."""
        pace = self._pace(request.model)
        if not self._ready(request.model, pace):
            return Output(error=pace.given_up or STOPPED)
        with self._lock:
            self.made += 1
        tried = 0
        while pace.enter(self._cancel):
            began = time.monotonic()
            try:
                output, failure = attempt(request, self._cancel)
            finally:
                pace.leave()
            if failure is None:
                pace.went_well()
                return output
            pause = pace.went_wrong(failure, began, tried)
            if pause is None or self._cancel.wait(pause):
                return output
            tried += 1
        return Output(error=pace.given_up or STOPPED)

    def ask_once(self, request: Request, cancel: threading.Event | None = None) -> Output:
        """As `ask`, for judges: an output that is kept is used again, a new one is kept. `cancel` is the run's own."""
        key = key_of(request, self._fingerprints, self._salt)
        if (unread := self._unread.get(key)) is not None:
            return unread
        known = store.outputs([key])
        if key in known:
            output = Output.model_validate_json(known[key])
        elif (output := self.ask(request)).error is None:
            self._keep(OutputRecord(key=key, model=request.model, output=output.model_dump_json()))
        else:
            return output
        return output.model_copy(update={"kept": key})

    def forget(self, request: Request) -> None:
        """Keep what a judge replied for this run alone, since it holds no verdict: a resume asks anew."""
        key = key_of(request, self._fingerprints, self._salt)
        if (known := store.outputs([key]).get(key)) is not None:
            self._unread[key] = Output.model_validate_json(known)
            store.drop_output(key)

    def _pace(self, model: str) -> Pace:
        with self._lock:
            if model not in self._paces:
                self._paces[model], self._loading[model] = Pace(self._most), threading.Lock()
            return self._paces[model]

    def _ready(self, model: str, pace: Pace) -> bool:
        """Load the model, once for all who wait; whether it can be asked."""
        with self._loading[model]:
            if pace.given_up is not None or self._cancel.is_set():
                return False
            try:
                with get_pool().lease(model, self._cancel):
                    return True
            except LeaseCancelled:
                return False
            except LoupeError as error:
                pace.give_up(str(error))
                return False
