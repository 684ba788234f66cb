"""One answer being written: chooses its next token from logits, and tells what happened as events.

Knows nothing of batches or caches: the loop hands it logits after each step and feeds back the token it returns.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.errors import LoupeError, ModelFailed
from core.events import Event, FinishReason, Token
from core.generation.params import SamplingParams
from core.generation.probabilities import at_token
from core.generation.release import Release
from core.generation.samplers import History, draw, penalise, shape
from core.generation.text import IncrementalDecoder, StopWatcher

if TYPE_CHECKING:
    import torch

SAMPLE_STRIDE = 0x9E3779B97F4A7C15
"""Distance of the seeds of a request's samples: sample 0 of n is the sample of n = 1."""


class Job(Protocol):
    """What the decode loop runs."""

    prompt_ids: Sequence[int]

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants it any more."""

    def accept(self, logits: torch.Tensor) -> int | None:
        """Take the logits after the last token; the next token to feed, or `None` when done."""

    def end_cancelled(self) -> None:
        """It was cancelled: tell whoever waits."""

    def fail(self, error: LoupeError) -> None:
        """It cannot go on: tell whoever waits."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a sequence must know of the tokenizer."""

    decode: Callable[[Sequence[int]], str]
    """Text of a run of tokens, special ones left out."""
    text_of: Callable[[int], str]
    """A single token as people should see it, special ones by name."""
    special: Collection[int]
    end: Collection[int]
    """Tokens that end an answer."""


class Answer:
    """One sample of a request."""

    def __init__(
        self,
        sample: int,
        prompt_ids: Sequence[int],
        params: SamplingParams,
        seed: int,
        top_logprobs: int,
        vocabulary: Vocabulary,
        emit: Callable[[Event | LoupeError], None],
        cancel: threading.Event,
        answer_ids: Sequence[int] = (),
        forced: Sequence[int] | None = None,
        record: Callable[[Sequence[int], torch.Tensor], None] | None = None,
    ) -> None:
        """Start an answer to `prompt_ids`, of which the last ones may be `answer_ids`, its own given beginning.

        With `forced` the tokens are known already (beams) and only told, with their probabilities. `record` gets the
        tokens before each draw and the logits, float32, of the draw.
        """
        import torch

        self.prompt_ids = prompt_ids
        self._ids: list[int] = []
        self._record = record
        self._sample = sample
        self._params = params
        self._top = top_logprobs
        self._forced = forced
        self._vocabulary = vocabulary
        self._emit = emit
        self._cancel = cancel
        self._history = History(prompt_ids[: len(prompt_ids) - len(answer_ids)], answer_ids)
        self._generator = torch.Generator().manual_seed((seed + sample * SAMPLE_STRIDE) % 2**64)
        self._decoder = IncrementalDecoder(vocabulary.decode)
        self._stops = StopWatcher(params.stop)
        self._release = Release(sample)

    @property
    def count(self) -> int:
        """Tokens so far."""
        return len(self._ids)

    @property
    def cancelled(self) -> bool:
        """See `Job`."""
        return self._cancel.is_set()

    def accept(self, logits: torch.Tensor) -> int | None:
        """See `Job`. Emits the token, its text and, at the end, `SampleFinished`.

        Raises:
            ModelFailed: the logits are not numbers.
        """
        if not math.isfinite(float(logits.max())):  # the maximum of anything with NaN in it is NaN
            raise ModelFailed("The model computed no valid numbers for the next token; load it with ?dtype=fp32.")
        shaped = shape(penalise(logits, self._history, self._params, self._vocabulary.end), self._params)
        token_id = draw(shaped, self._generator) if self._forced is None else self._forced[self.count]
        ends = token_id in self._vocabulary.end
        if self._record:
            self._record(self._ids, logits)
        self._history.append(token_id)
        self._ids.append(token_id)
        known = at_token(logits, shaped, token_id, self._top, self._vocabulary.text_of)
        special = self._vocabulary.text_of(token_id) if ends or token_id in self._vocabulary.special else None
        text = "" if special is not None else self._decoder.push(token_id)
        last = self.count >= (self._params.max_tokens if self._forced is None else len(self._forced))
        if ends or last:
            text += self._decoder.flush()
        token = Token(
            sample=self._sample,
            id=token_id,
            text=text,
            logprob=known.logprob,
            sampled_logprob=known.sampled_logprob,
            top=known.top,
            rest=known.rest,
            rest_sampled=known.rest_sampled,
            special=special,
        )
        self._release.add(token)
        self._tell(self._release.show(self._stops.push(text)))
        if ends or self._stops.stopped or last:
            self._finish("length" if last and not ends and not self._stops.stopped else "stop")
            return None
        return token_id

    def end_cancelled(self) -> None:
        """See `Job`. A character that is still incomplete is dropped."""
        self._finish("cancelled")

    def fail(self, error: LoupeError) -> None:
        """See `Job`."""
        self._emit(error)

    def _finish(self, reason: FinishReason) -> None:
        stopped = self._stops.stopped
        self._tell(self._release.show(self._stops.flush()))
        self._tell(self._release.finish(reason, at_stop_string=stopped))

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._emit(event)


class Peek:
    """Wants only the logits after a prompt: one prefill, no token."""

    cancelled = False

    def __init__(self, prompt_ids: Sequence[int], done: Callable[[torch.Tensor | LoupeError], None]) -> None:
        """`done` gets the logits (float32 [vocabulary]) or an error."""
        self.prompt_ids = prompt_ids
        self._done = done

    def accept(self, logits: torch.Tensor) -> None:
        """See `Job`."""
        self._done(logits)

    def end_cancelled(self) -> None:
        """See `Job`; a peek is never cancelled."""

    def fail(self, error: LoupeError) -> None:
        """See `Job`."""
        self._done(error)
