"""Beam search: transformers' own, with progress and a way to stop it.

Runs beside the decode loop, on the same weights; nothing is shown until the beams are decided. Knows nothing of chat.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from core.errors import LoupeError
from core.events import Event, Finished, Progress, SampleFinished
from core.generation.decoding.sequence import Answer, Vocabulary
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.samplers import History, penalise

if TYPE_CHECKING:
    import torch

    from core.models.loaders.transformers import TransformersModel

_seeded = threading.Lock()
"""Beam sampling draws from torch's global generator: one search at a time may seed it."""


def stream(
    model: TransformersModel,
    request: GenerationRequest,
    prompt_ids: list[int],
    seed: int,
    vocabulary: Vocabulary,
    cancel: threading.Event,
) -> Iterator[Event]:
    """Events of one beam search: progress while it runs, then the tokens of the `n` best beams."""
    began = time.perf_counter()
    outcome: queue.SimpleQueue[Progress | list[list[int]] | Exception] = queue.SimpleQueue()

    def search() -> None:
        try:
            outcome.put(_search(model, request.params, prompt_ids, seed, outcome.put, cancel))
        except Exception as error:  # raised again in the thread that listens
            outcome.put(error)

    threading.Thread(target=search, name="loupe-beams", daemon=True).start()
    finished = False
    try:
        while isinstance(item := outcome.get(), Progress):
            yield item
        finished = True
    finally:
        if not finished:
            cancel.set()
    if isinstance(item, Exception):
        raise item
    found = time.perf_counter() - began
    if cancel.is_set():
        yield from (SampleFinished(sample, "", "cancelled") for sample in range(request.params.n))
    else:
        for sample, ids in enumerate(item):
            yield from _replay(model, request, prompt_ids, ids, sample, vocabulary)
    yield Finished(len(prompt_ids), sum(map(len, item)), found, time.perf_counter() - began)


def _search(
    model: TransformersModel,
    params: SamplingParams,
    prompt_ids: list[int],
    seed: int,
    tell: Callable[[Progress], None],
    cancel: threading.Event,
) -> list[list[int]]:
    """Token ids of the `n` best beams, best first, the end token included."""
    import torch
    from transformers import GenerationConfig

    began = time.perf_counter()

    def watch(input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        done = input_ids.shape[1] - len(prompt_ids)
        rate = done / (time.perf_counter() - began)
        tell(Progress(done, params.max_tokens, "tokens", rate, (params.max_tokens - done) / rate, "beam search"))
        return torch.full((input_ids.shape[0],), cancel.is_set(), device=input_ids.device)

    def additive(input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Presence and frequency penalty, which transformers does not have."""
        only = SamplingParams(presence_penalty=params.presence_penalty, frequency_penalty=params.frequency_penalty)
        histories = (History(prompt_ids, ids[len(prompt_ids) :]) for ids in input_ids.tolist())
        rows = (penalise(row, history, only) for row, history in zip(scores, histories, strict=True))
        return torch.stack(list(rows))

    end = sorted(model.eos_token_ids)
    sampling = (
        {} if params.greedy else {"temperature": params.temperature, "top_p": params.top_p, "min_p": params.min_p}
    )
    config = GenerationConfig(
        num_beams=params.num_beams,
        num_return_sequences=params.n,
        length_penalty=params.length_penalty,
        early_stopping=params.early_stopping,
        max_new_tokens=params.max_tokens,
        min_new_tokens=params.min_tokens or None,
        repetition_penalty=params.repetition_penalty,
        no_repeat_ngram_size=params.no_repeat_ngram_size,
        do_sample=not params.greedy,
        top_k=params.top_k,
        typical_p=params.typical_p,
        stop_strings=list(params.stop) or None,
        eos_token_id=end or None,
        pad_token_id=end[0] if end else 0,
        **sampling,
    )
    tokens = torch.tensor([prompt_ids], device=model.device)
    while not _seeded.acquire(timeout=0.1):
        if cancel.is_set():
            return []
    try:
        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            beams = model.model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                generation_config=config,
                tokenizer=model.tokenizer if params.stop else None,
                logits_processor=[additive] if params.presence_penalty or params.frequency_penalty else [],
                stopping_criteria=[watch],
            )
    finally:
        _seeded.release()
    return [_trim(beam[len(prompt_ids) :], model.eos_token_ids) for beam in beams.tolist()]


def _trim(ids: list[int], end: frozenset[int]) -> list[int]:
    """Without the padding after the end token."""
    stop = next((at for at, token_id in enumerate(ids) if token_id in end), len(ids) - 1)
    return ids[: stop + 1]


def _replay(
    model: TransformersModel,
    request: GenerationRequest,
    prompt_ids: list[int],
    ids: list[int],
    sample: int,
    vocabulary: Vocabulary,
) -> Iterator[Event]:
    """The events of an answer that is known already; one forward pass gives its probabilities."""
    import torch

    with torch.inference_mode():
        tokens = torch.tensor([prompt_ids + ids[:-1]], device=model.device)
        logits = model.model(input_ids=tokens, logits_to_keep=len(ids)).logits[0].float().cpu()
        events: list[Event | LoupeError] = []
        params = request.params if not request.params.greedy else request.params.model_copy(update={"temperature": 1.0})
        answer = Answer(
            sample,
            prompt_ids,
            params,
            0,
            request.top_logprobs,
            vocabulary,
            events.append,
            threading.Event(),
            request.answer_ids,
            forced=ids,
        )
        for row in logits:
            if answer.accept(row) is None:
                break
    yield from (event for event in events if not isinstance(event, LoupeError))
