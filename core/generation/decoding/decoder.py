"""The decode loop: one thread a model; sequences join and leave between steps, each cancelled within one.

Every round admits who waits, computes at most one chunk of prompts, and steps everybody who is writing. Knows nothing
of prompts as text, of sampling, or of how keys and values are kept.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import Busy, Conflict, LoupeError, ModelFailed, OutOfMemory
from core.generation.decoding.prompts import CHUNK
from core.generation.decoding.sequence import Job
from core.log import get_log

if TYPE_CHECKING:
    import torch


class Runner(Protocol):
    """Runs the model: `slots.Slots` or `solo.Solo`."""

    batches: bool
    computed: int
    """Prompt tokens computed so far; those taken over from earlier prompts do not count."""

    @property
    def memory_bytes(self) -> int:
        """What it holds beside the weights."""

    def join(self) -> Any:
        """A place for one more sequence."""

    def leave(self, row: Any) -> None:
        """Free a place."""

    def prefill(self, row: Any, ids: Sequence[int]) -> torch.Tensor | None:
        """The next chunk of a prompt: logits after its last token, `None` while chunks remain."""

    def step(self, rows: Sequence[Any], ids: Sequence[int]) -> torch.Tensor:
        """One token to each row: logits [rows, vocabulary]."""


@dataclass(slots=True)
class Active:
    """A job with its place in the runner, and the token to feed next."""

    job: Job
    row: Any
    next_id: int = -1


class Decoder:
    """Runs jobs on one model until `close`."""

    def __init__(self, runner: Runner, max_batch: int, max_queue: int) -> None:
        self.runner = runner
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._waiting: deque[Job] = deque()
        self._prefilling: deque[Active] = deque()
        self._writing: list[Active] = []
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="loupe-decoder", daemon=True)
        self._thread.start()

    def submit(self, jobs: Sequence[Job]) -> None:
        """Queue jobs; those with the same prompt share its computation.

        Raises:
            Busy: too many are waiting already.
            Conflict: the model is being unloaded.
        """
        with self._wake:
            if self._closed:
                raise Conflict("The model is being unloaded; try again.")
            if len(self._waiting) + len(jobs) > self._max_queue + self._max_batch:
                raise Busy(
                    f"The model is busy: {len(self._waiting)} answers are waiting already; try again in a moment."
                )
            self._waiting.extend(jobs)
            self._wake.notify()

    def close(self) -> None:
        """Fail what is running and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        import torch

        with torch.inference_mode():
            while self._wait():
                try:
                    self._admit()
                    self._prefill()
                    self._step()
                except Exception as error:  # whatever the model raised: those who write are lost, the loop goes on
                    self._fail(_explain(error))
        self._fail(Conflict("The model was unloaded while it was answering."))

    def _wait(self) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._closed or self._waiting or self._prefilling or self._writing)
            return not self._closed

    def _admit(self) -> None:
        """Whoever was cancelled leaves, wherever it is; free places go to those who wait longest."""
        for active in [active for active in (*self._prefilling, *self._writing) if active.job.cancelled]:
            (self._prefilling if active in self._prefilling else self._writing).remove(active)
            self.runner.leave(active.row)
            active.job.end_cancelled()
        with self._wake:
            cancelled = [job for job in self._waiting if job.cancelled]
            self._waiting = deque(job for job in self._waiting if job not in cancelled)
            while self._waiting and len(self._prefilling) + len(self._writing) < self._max_batch:
                self._prefilling.append(Active(self._waiting.popleft(), self.runner.join()))
        for job in cancelled:
            job.end_cancelled()

    def _prefill(self) -> None:
        """At most `CHUNK` tokens' worth, so that those who write keep moving."""
        budget = CHUNK
        while self._prefilling and budget > 0:
            active = self._prefilling[0]
            before = self.runner.computed
            try:
                logits = self.runner.prefill(active.row, active.job.prompt_ids)
            except Exception as error:  # a prompt is computed alone: its failure is nobody else's
                self._prefilling.popleft()
                self._give_up(active, _explain(error))
                continue
            budget -= self.runner.computed - before
            if logits is not None:
                self._prefilling.popleft()
                self._take(active, logits)

    def _step(self) -> None:
        if not self._writing:
            return
        logits = self.runner.step([a.row for a in self._writing], [a.next_id for a in self._writing])
        writing, self._writing = self._writing, []
        for active, row_logits in zip(writing, logits, strict=True):
            self._take(active, row_logits)

    def _take(self, active: Active, logits: torch.Tensor) -> None:
        try:
            token_id = active.job.accept(logits)
        except Exception as error:  # what one job makes of its logits is nobody else's business
            self._give_up(active, _explain(error))
            return
        if token_id is None:
            self.runner.leave(active.row)
        else:
            active.next_id = token_id
            self._writing.append(active)

    def _give_up(self, active: Active, error: LoupeError) -> None:
        active.job.fail(error)
        try:
            self.runner.leave(active.row)
        except Exception:  # a device that is gone: the job knows already, and the next one will be told too
            get_log().exception("A place in the batch could not be freed")

    def _fail(self, error: LoupeError) -> None:
        with self._wake:
            waiting = list(self._waiting) if self._closed else []
            self._waiting = deque() if self._closed else self._waiting
        lost = [*self._prefilling, *self._writing]
        self._prefilling.clear()
        self._writing.clear()
        for active in lost:
            self._give_up(active, error)
        for job in waiting:
            job.fail(error)


def _explain(error: Exception) -> LoupeError:
    if isinstance(error, LoupeError):
        return error
    if type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error):
        return OutOfMemory(
            "The answer did not fit into memory; use a shorter prompt, fewer samples or a smaller model."
        )
    get_log().error("The decode loop failed", exc_info=error)
    return ModelFailed(f"The model failed while it was answering ({type(error).__name__}); the log has the details.")
