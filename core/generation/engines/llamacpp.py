"""Generation on llama.cpp: one streamed `/completion` of its server for each sample, one after another.

The samplers are llama.cpp's own, put into the order of transformers (penalties, temperature, top-k, top-p, min-p,
typical), so a setting means the same on every back end. Knows nothing of how the server runs: that is in
`core.models.loaders.llamacpp`.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

from core.errors import ContextOverflow, InvalidInput
from core.events import Alternative, Event, Finished, FinishReason, Started, Token
from core.generation.release import Release
from core.generation.request import GenerationRequest
from core.generation.text import REPLACEMENT
from core.models.loaded import Loaded
from core.models.loaders.llamacpp import LlamaCppModel

SAMPLER_ORDER = ("penalties", "temperature", "top_k", "top_p", "min_p", "typ_p")
NO_PROBABILITY = -1e30
"""llama.cpp writes the logarithm of 0 as the lowest float32."""
SEEDS = 2**32 - 1
"""llama.cpp's seeds have 32 bits, and the highest one means "draw one"."""


def stream(loaded: Loaded, request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
    """See `core.generation.engines.Engine`.

    Raises:
        ContextOverflow: prompt and max_tokens do not fit; before any work.
        LoupeError: llama.cpp refused the request or stopped.
    """
    began = time.perf_counter()
    model = cast(LlamaCppModel, loaded)
    params = request.params
    prompt, prompt_ids = _encode(model, request)
    if len(prompt_ids) + params.max_tokens > model.context_length:
        raise ContextOverflow(len(prompt_ids), params.max_tokens, model.context_length)
    seed = secrets.randbelow(SEEDS) if params.seed is None else params.seed
    yield Started(model.ref, prompt, len(prompt_ids), seed, params.n)

    count, ttft = 0, None
    with model.turn(cancel):
        for number in range(params.n):
            sample = Sample(model, number, request.top_logprobs, bool(params.stop))
            body = _body(request, prompt_ids, (seed + number) % SEEDS, model.context_length, shared=number > 0)
            with contextlib.closing(model.complete(body, cancel)) as chunks:
                for chunk in chunks:
                    for event in sample.take(chunk):
                        if ttft is None and isinstance(event, Token):
                            ttft = time.perf_counter() - began
                        yield event
            yield from sample.cancelled()
            count += sample.count
    yield Finished(len(prompt_ids), count, ttft, time.perf_counter() - began)


def _encode(model: LlamaCppModel, request: GenerationRequest) -> tuple[str, list[int]]:
    """The prompt as text and as token ids, the answer's given beginning included."""
    if request.mode == "chat":
        text, ids = model.render_chat(request.chat), model.encode_chat(request.chat)
    else:
        text, ids = request.prompt, model.encode_text(request.prompt)
    if not ids:
        raise InvalidInput("The prompt has no tokens; write something to continue.", "prompt")
    return text + request.answer_text, [*ids, *request.answer_ids]


def _body(
    request: GenerationRequest, prompt_ids: list[int], seed: int, context_length: int, *, shared: bool
) -> dict[str, Any]:
    """Our settings under llama.cpp's names, every one of them given so that none of its defaults slips in."""
    params = request.params
    # At temperature 0 the favourite is taken, and a truncation could only drop it (typical-p can).
    order = SAMPLER_ORDER[:2] if params.greedy else SAMPLER_ORDER
    return {
        "prompt": prompt_ids,
        "stream": True,
        "n_predict": params.max_tokens,
        "samplers": list(order),
        "temperature": params.temperature,
        "top_k": params.top_k,
        "top_p": params.top_p,
        "min_p": params.min_p,
        "typical_p": params.typical_p,
        "repeat_penalty": params.repetition_penalty,
        "repeat_last_n": context_length,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "seed": seed,
        "stop": list(params.stop),
        "n_probs": max(1, request.top_logprobs),  # 1: the probability of every token is worth showing
        # Further samples take the prompt from the first one's cache. Nothing else does: computed in batches of another
        # size its logits differ slightly, and the same seed would not give the same answer.
        "cache_prompt": shared,
    }


class Sample:
    """One answer being received: turns llama.cpp's chunks into events."""

    def __init__(self, model: LlamaCppModel, number: int, top: int, has_stops: bool) -> None:
        self.count = 0
        """Tokens generated so far."""
        self._model = model
        self._number = number
        self._top = top
        self._has_stops = has_stops
        self._release = Release(number)

    def take(self, chunk: dict[str, Any]) -> Iterator[Event]:
        """Events of one chunk."""
        if chunk.get("stop"):
            yield from self._finish(chunk)
            return
        content = str(chunk.get("content", ""))
        for token_id in chunk.get("tokens", [])[:1]:
            decoded = int(chunk.get("tokens_predicted", self.count + 1))
            silent = max(decoded - self.count - 1, 0)
            self.count = max(decoded, self.count + 1)
            for token in self._tokens(int(token_id), content, silent, chunk):
                self._release.add(token)
        yield from self._release.show(content)

    def cancelled(self) -> Iterator[Event]:
        """The end of a sample that llama.cpp did not finish, because it was cancelled."""
        if not self._release.finished:
            yield from self._release.finish("cancelled", at_stop_string=True)

    def _finish(self, chunk: dict[str, Any]) -> Iterator[Event]:
        broken = int(chunk.get("tokens_predicted", self.count)) - self.count
        self.count += max(broken, 0)
        reason: FinishReason = "length" if chunk.get("stop_type") == "limit" else "stop"
        at_stop_string = chunk.get("stop_type") == "word"
        if not at_stop_string:  # llama.cpp drops what it held back for a stop string that did not come
            yield from self._release.show(self._release.held + (REPLACEMENT if broken > 0 else ""))
        yield from self._release.finish(reason, at_stop_string=at_stop_string)

    def _tokens(self, token_id: int, content: str, silent: int, chunk: dict[str, Any]) -> list[Token]:
        """The chunk's token, after the `silent` ones before it that only together with it make a character.

        llama.cpp does not report silent tokens. Their ids come from tokenizing the character, if that ends in the same
        token; their probabilities stay unknown.
        """
        before: list[Token] = []
        if silent and content:
            ids = self._model.tokenize(content)
            if len(ids) == silent + 1 and ids[-1] == token_id:
                before = [Token(self._number, known, "", None, None) for known in ids[:-1]]
        special = None
        if content and not self._has_stops:
            text = content
        else:
            text, is_special = self._model.piece(token_id)
            if is_special:
                text, special = "", text
        logprob, top = self._probabilities(chunk)
        token = Token(
            sample=self._number,
            id=token_id,
            text=text,
            logprob=logprob,
            sampled_logprob=None,
            top=top,
            rest=max(0.0, 1.0 - math.fsum(math.exp(each.logprob) for each in top)) if top else None,
            special=special,
        )
        return [*before, token]

    def _probabilities(self, chunk: dict[str, Any]) -> tuple[float | None, tuple[Alternative, ...]]:
        reported = chunk.get("completion_probabilities") or []
        if not reported:
            return None, ()
        alternatives = tuple(
            Alternative(int(entry["id"]), self._label(entry), _log(entry["logprob"]), None)
            for entry in reported[0]["top_logprobs"][: self._top]
        )
        return _log(reported[0]["logprob"]), alternatives

    def _label(self, entry: dict[str, Any]) -> str:
        """An alternative as people should see it: special tokens by name, parts of a character as bytes."""
        text = str(entry["token"])
        raw = bytes(entry.get("bytes") or [])
        if not raw:
            return self._model.piece(int(entry["id"]))[0]
        return text if raw == text.encode() else "".join(f"<0x{byte:02X}>" for byte in raw)


def _log(value: float) -> float:
    return float(value) if value > NO_PROBABILITY else -math.inf
