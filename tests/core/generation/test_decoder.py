"""The loop itself, on a runner that computes nothing: who is cancelled, who fails, and that the others never notice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import torch

from core.errors import Busy, Conflict, LoupeError
from core.generation.decoding.decoder import Decoder


@dataclass(eq=False)
class Row:
    length: int = 0


@dataclass
class Runner:
    """Answers zeros; `before_step` runs before every step with the number of its rows."""

    batches = True
    computed = 0
    rows: list[Row] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    before_step: Callable[[], None] = lambda: None
    broken_prompt: Sequence[int] = ()

    def join(self) -> Row:
        self.rows.append(Row())
        return self.rows[-1]

    def leave(self, row: Row) -> None:
        self.rows.remove(row)

    def prefill(self, row: Row, ids: Sequence[int]) -> torch.Tensor:
        if list(ids) == list(self.broken_prompt):
            raise RuntimeError("a prompt that breaks the model")
        self.computed += len(ids)
        return torch.zeros(3)

    def step(self, rows: Sequence[Row], ids: Sequence[int]) -> torch.Tensor:
        self.before_step()
        self.steps.append(len(rows))
        return torch.zeros(len(rows), 3)


class Job:
    """Takes `length` tokens; `at` maps a token's number to what happens then."""

    def __init__(self, length: int, at: dict[int, Callable[[], object]] | None = None, prompt: Sequence[int] = (1,)):
        self.prompt_ids = prompt
        self.taken = 0
        self.cancelled = False
        self.outcome: str | LoupeError | None = None
        self.done = threading.Event()
        self._length = length
        self._at = at or {}

    def accept(self, logits: torch.Tensor) -> int | None:
        self.taken += 1
        self._at.get(self.taken, lambda: None)()
        if self.taken < self._length:
            return 0
        self._end("finished")
        return None

    def end_cancelled(self) -> None:
        self._end("cancelled")

    def fail(self, error: LoupeError) -> None:
        self._end(error)

    def cancel(self) -> None:
        self.cancelled = True

    def _end(self, outcome: str | LoupeError) -> None:
        self.outcome = outcome
        self.done.set()

    def wait(self) -> str | LoupeError | None:
        assert self.done.wait(30)
        return self.outcome


def boom() -> None:
    raise ValueError("a job that cannot take its logits")


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def decoder(runner: Runner) -> Iterator[Decoder]:
    decoder = Decoder(runner, max_batch=4, max_queue=4)
    yield decoder
    decoder.close()


def test_cancelled_within_one_token(runner: Runner, decoder: Decoder) -> None:
    job = Job(1000, {7: lambda: job.cancel()})
    decoder.submit([job])
    assert job.wait() == "cancelled"
    assert (job.taken, len(runner.steps)) == (7, 6)  # the first token comes from the prompt; no step after the seventh


def test_a_job_that_raises_is_told_and_the_others_go_on(runner: Runner, decoder: Decoder) -> None:
    good, bad, other = Job(20), Job(20, {5: boom}), Job(20)
    decoder.submit([good, bad, other])
    assert isinstance(bad.wait(), LoupeError)
    assert (good.wait(), other.wait()) == ("finished", "finished")
    assert not runner.rows


def test_a_prompt_that_breaks_the_model_is_nobody_elses_business(runner: Runner, decoder: Decoder) -> None:
    runner.broken_prompt = [6, 6, 6]
    started, bad = threading.Event(), Job(5, prompt=[6, 6, 6])
    good = Job(50, {3: started.set})
    decoder.submit([good])
    assert started.wait(30)
    decoder.submit([bad])
    assert isinstance(bad.wait(), LoupeError)
    assert good.wait() == "finished"
    assert not runner.rows


def test_a_queued_job_is_cancelled_while_others_run(runner: Runner, decoder: Decoder) -> None:
    go_on = threading.Event()
    running = [Job(3, {2: lambda: go_on.wait(30)}), *(Job(10**9) for _ in range(3))]
    queued = Job(5)
    decoder.submit(running)
    decoder.submit([queued])
    queued.cancel()
    go_on.set()
    assert queued.wait() == "cancelled"
    assert queued.taken == 0
    assert not running[1].done.is_set()
    for job in running:
        job.cancel()


def test_more_than_may_wait_are_refused_as_busy(runner: Runner, decoder: Decoder) -> None:
    go_on = threading.Event()
    runner.before_step = lambda: go_on.wait(30)
    jobs = [Job(3) for _ in range(8)]
    decoder.submit(jobs)
    with pytest.raises(Busy, match="waiting"):
        decoder.submit([Job(1) for _ in range(9)])
    go_on.set()
    assert [job.wait() for job in jobs] == ["finished"] * 8
    assert max(runner.steps) == 4


def test_closing_tells_everybody(runner: Runner) -> None:
    decoder = Decoder(runner, max_batch=1, max_queue=4)
    started = threading.Event()
    running, waiting = Job(10**9, {2: started.set}), Job(1)
    decoder.submit([running, waiting])
    assert started.wait(30)
    decoder.close()
    assert isinstance(running.outcome, Conflict) and isinstance(waiting.outcome, Conflict)
    with pytest.raises(Conflict):
        decoder.submit([Job(1)])
