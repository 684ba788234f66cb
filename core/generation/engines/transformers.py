"""Generation on weights in this process: requests become jobs of the model's decode loop.

Knows nothing of how the loop batches; owns the loop's life: one decoder a loaded model, closed with it.
"""

from __future__ import annotations

import functools
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from core.errors import ContextOverflow, InvalidInput, LoupeError
from core.events import Event, Finished, SampleFinished, Started, Token
from core.generation import lens
from core.generation.decoding import beam
from core.generation.decoding.decoder import Decoder
from core.generation.decoding.fit import choose_runner
from core.generation.decoding.sequence import Answer, Peek, Vocabulary
from core.generation.request import GenerationRequest
from core.models.loaded import Loaded
from core.models.loaders.transformers import TransformersModel
from core.settings import get_settings

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Attached:
    """What a loaded model gets with its first request."""

    decoder: Decoder
    vocabulary: Vocabulary


_attaching = threading.Lock()
_attached: dict[int, Attached] = {}


def stream(loaded: Loaded, request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
    """See `core.generation.engines.Engine`.

    Raises:
        ContextOverflow: prompt and max_tokens do not fit; before any work.
    """
    began = time.perf_counter()
    model = cast(TransformersModel, loaded)
    prompt, prompt_ids = encode(model, request)
    if model.context_length and len(prompt_ids) + request.params.max_tokens > model.context_length:
        raise ContextOverflow(len(prompt_ids), request.params.max_tokens, model.context_length)
    seed = secrets.randbelow(2**32) if request.params.seed is None else request.params.seed
    yield Started(model.ref, prompt, len(prompt_ids), seed, request.params.n)
    if request.params.num_beams > 1:
        yield from beam.stream(model, request, prompt_ids, seed, attached(model).vocabulary, cancel)
        return
    run = attached(model)
    record = _recorder(model, request, prompt_ids, run.vocabulary) if request.top_logprobs else None
    events: queue.SimpleQueue[Event | LoupeError] = queue.SimpleQueue()
    answers = [
        Answer(
            sample,
            prompt_ids,
            request.params,
            seed,
            request.top_logprobs,
            run.vocabulary,
            events.put,
            cancel,
            request.answer_ids,
            record=record,
        )
        for sample in range(request.params.n)
    ]
    run.decoder.submit(answers)
    left, first_token = len(answers), None
    try:
        while left:
            event = events.get()
            if isinstance(event, LoupeError):
                raise event
            if first_token is None and isinstance(event, Token):
                first_token = time.perf_counter() - began
            left -= isinstance(event, SampleFinished)
            yield event
    finally:
        if left:  # whoever listened went away: nobody wants the rest
            cancel.set()
    yield Finished(len(prompt_ids), sum(answer.count for answer in answers), first_token, time.perf_counter() - began)


def encode(model: TransformersModel, request: GenerationRequest) -> tuple[str, list[int]]:
    """The prompt as text and as token ids, the answer's given beginning included.

    Raises:
        InvalidInput: `answer_ids` are not tokens of this model.
    """
    if request.answer_ids and not all(0 <= token_id < model.vocab_size for token_id in request.answer_ids):
        raise InvalidInput(f"The answer begins with tokens that {model.ref} does not have; fork it on its own model.")
    if request.mode == "chat":
        text, ids = model.render_chat(request.chat), model.encode_chat(request.chat)
    else:
        text, ids = request.prompt, model.encode_text(request.prompt)
    return text + request.answer_text, [*ids, *request.answer_ids]


def peek(model: TransformersModel, request: GenerationRequest) -> lens.LensLogits:
    """The logits after the request's prompt, through the decode loop.

    Raises:
        ContextOverflow: the prompt does not fit.
    """
    _, prompt_ids = encode(model, request)
    if model.context_length and len(prompt_ids) + 1 > model.context_length:
        raise ContextOverflow(len(prompt_ids), 1, model.context_length)
    run = attached(model)
    outcome: queue.SimpleQueue[torch.Tensor | LoupeError] = queue.SimpleQueue()
    run.decoder.submit([Peek(prompt_ids, outcome.put)])
    logits = outcome.get()
    if isinstance(logits, LoupeError):
        raise logits
    given = len(prompt_ids) - len(request.answer_ids)
    return lens.LensLogits(
        model.ref, logits, tuple(prompt_ids[:given]), request.answer_ids, model.eos_token_ids, run.vocabulary.text_of
    )


def _recorder(
    model: TransformersModel, request: GenerationRequest, prompt_ids: list[int], vocabulary: Vocabulary
) -> Callable[[Sequence[int], torch.Tensor], None]:
    """Keeps the logits of every draw for the lens, where somebody looks at probabilities anyway."""
    given = tuple(prompt_ids[: len(prompt_ids) - len(request.answer_ids)])
    keep = lens.recorder(request, model.ref, given, model.eos_token_ids, vocabulary.text_of)
    # The model computed in this precision, so nothing is lost; float32 would take twice the memory. A copy, because the
    # row is a view of the whole batch's logits.
    return lambda ids, logits: keep(ids, logits.to(model.dtype, copy=True))


def attached(model: TransformersModel) -> Attached:
    """The model's decode loop and vocabulary: made with its first request, closed when it is unloaded."""
    with _attaching:
        if id(model) not in _attached:
            settings = get_settings()
            runner = choose_runner(model.model, model.device, model.beginning)
            decoder = Decoder(runner, settings.max_batch, settings.max_queue)
            _attached[id(model)] = Attached(decoder, _vocabulary(model))

            def close() -> None:
                del _attached[id(model)]
                decoder.close()
                lens.forget(model.ref)

            model.closers.append(close)
            model.beside_weights.append(lambda: decoder.runner.memory_bytes)
        return _attached[id(model)]


def _vocabulary(model: TransformersModel) -> Vocabulary:
    tokenizer = model.tokenizer

    @functools.lru_cache(maxsize=100_000)
    def text_of(token_id: int) -> str:
        text = str(tokenizer.decode([token_id]))
        # Part of a character shows as the vocabulary's own entry: better than a row of replacement characters.
        return text if "\ufffd" not in text else str(tokenizer.convert_ids_to_tokens(token_id))

    return Vocabulary(model.decode, text_of, frozenset(tokenizer.all_special_ids), model.eos_token_ids)
