"""Generation at an OpenAI-compatible endpoint: one streamed call for all samples.

Tries again only while nothing has arrived, and only after errors that pass (429, 5xx, silence). What did arrive stays
valid when the stream breaks. Nothing in a reply is trusted: types, indices and lengths are checked here. Knows nothing
of keys: `core.models.endpoints` opens the client.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

from core.errors import EndpointError, InvalidInput, LoupeError, StreamInterrupted
from core.events import Event, Finished, FinishReason, Started
from core.generation.params import SamplingParams
from core.generation.release import Release
from core.generation.reported import Reported, Text, count
from core.generation.request import GenerationRequest
from core.generation.text import StopWatcher
from core.models.endpoint_errors import explain, retry_after
from core.models.endpoints import api_key, open_client
from core.models.loaded import Loaded
from core.models.loaders.openai import EndpointModel
from core.models.wire import Wire, interruptible

ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
MAX_REPLY_BYTES = 64 * 2**20
MAX_STOPS = 4
"""OpenAI's own limit; further stop strings are watched for here."""
SEEDS = 2**31
"""Every server takes a seed of 31 bits."""
TRUNCATIONS = ("top_k", "min_p", "typical_p")
REASONS: dict[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}


def stream(loaded: Loaded, request: GenerationRequest, cancel: threading.Event) -> Iterator[Event]:
    """See `core.generation.engines.Engine`.

    Raises:
        InvalidInput: the key is missing, or max_tokens alone fills the context.
        EndpointError: the endpoint failed before anything arrived.
        StreamInterrupted: it failed in the middle of an answer; what was yielded stays valid.
    """
    began = time.perf_counter()
    model = cast(EndpointModel, loaded)
    limit = model.context_length
    if limit and request.params.max_tokens >= limit:  # only the endpoint can count the prompt's tokens
        raise InvalidInput(
            f"max_tokens is {request.params.max_tokens:,}, but {model.ref} has a context of {limit:,} tokens for "
            "prompt and answer together; lower max_tokens.",
            "max_tokens",
        )
    key = api_key(model.endpoint)
    seed = secrets.randbelow(SEEDS) if request.params.seed is None else request.params.seed
    yield Started(model.ref, request.prompt if request.mode == "completion" else "", None, seed, request.params.n)
    reply = Reply(request)
    body = call_arguments(model, request, seed)
    for attempt in range(ATTEMPTS):
        try:
            wire = Wire(MAX_REPLY_BYTES)
            with contextlib.closing(interruptible(_chunks(model, body, wire), cancel, wire.cut)) as chunks:
                for chunk in chunks:
                    yield from reply.take(chunk, time.perf_counter() - began)
            break
        except Exception as error:  # a foreign server can fail in any way; each becomes one sentence
            pause = retry_after(error)
            if _renames_max_tokens(error) and "max_tokens" in body:
                body["max_completion_tokens"] = body.pop("max_tokens")
            elif reply.begun or pause is None or attempt == ATTEMPTS - 1:
                yield from reply.flush()
                if reply.begun:
                    yield reply.finished(time.perf_counter() - began)
                raise _final(explain(error, model.endpoint, key, model.name, begun=reply.begun), reply) from None
            else:
                cancel.wait(max(pause, FIRST_PAUSE_S * 2**attempt))
    yield from reply.end(model, time.perf_counter() - began, cancelled=cancel.is_set())


def call_arguments(model: EndpointModel, request: GenerationRequest, seed: int) -> dict[str, Any]:
    """Arguments of the client's `create` for this request; those without a neutral value are always given.

    Shared with the code snippets, so that they show the very call.
    """
    params, neutral = request.params, SamplingParams()
    arguments: dict[str, Any] = {
        "model": model.name,
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "top_p": neutral.top_p if params.greedy else params.top_p,
        "seed": seed,
    }
    for name in ("presence_penalty", "frequency_penalty", "n"):
        if getattr(params, name) != getattr(neutral, name):
            arguments[name] = getattr(params, name)
    if params.stop:
        arguments["stop"] = list(params.stop[:MAX_STOPS])
    if extras := model.endpoint.extras:  # all of them: the server's defaults need not be neutral
        source = {name: neutral if params.greedy and name in TRUNCATIONS else params for name in extras}
        arguments["extra_body"] = {name: getattr(source[name], name) for name in extras}
    if request.mode == "chat":
        arguments["messages"] = request.chat
        if request.top_logprobs:
            arguments |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    else:
        arguments["prompt"] = request.prompt
        if request.top_logprobs:
            arguments["logprobs"] = request.top_logprobs
    return arguments


def _chunks(model: EndpointModel, body: dict[str, Any], wire: Wire) -> Iterator[Any]:
    with open_client(model.endpoint, wire) as client:
        api = client.chat.completions if "messages" in body else client.completions
        with api.create(**body, stream=True, stream_options={"include_usage": True}) as chunks:
            _require_stream(chunks.response)
            yield from chunks


def _require_stream(response: Any) -> None:
    """A page in HTML or a whole JSON document would be read as a stream without a single event."""
    import openai

    kind = response.headers.get("content-type", "")
    if kind.startswith("application/json"):
        response.read()
        body = response.json()
        error = body.get("error") if isinstance(body, dict) else None
        if isinstance(error, dict):
            raise openai.APIError(str(error.get("message", "")), response.request, body=error)
    if kind.startswith(("application/json", "text/html", "application/xhtml")):
        raise ValueError("not an event stream")


def _renames_max_tokens(error: Exception) -> bool:
    """OpenAI's newer models refuse `max_tokens` and want `max_completion_tokens`, which few other servers know."""
    return getattr(error, "status_code", None) == 400 and getattr(error, "param", None) == "max_tokens"


def _final(error: LoupeError, reply: Reply) -> LoupeError:
    if not reply.begun:
        return error
    return StreamInterrupted(f"{error} The part that had arrived is kept.", getattr(error, "status", None))


class Reply:
    """All samples of one call, as they arrive."""

    def __init__(self, request: GenerationRequest) -> None:
        self.prompt_tokens: int | None = None
        self.ttft_s: float | None = None
        self._usage: int | None = None
        self._pieces = 0
        self._samples = [_Sample(number, request) for number in range(request.params.n)]

    @property
    def begun(self) -> bool:
        """Whether any part of an answer has arrived."""
        return self.ttft_s is not None

    @property
    def completion_tokens(self) -> int:
        """The endpoint's count; without one the number of pieces, which servers send one a token."""
        return self._pieces if self._usage is None else self._usage

    def finished(self, total_s: float) -> Finished:
        """The counts at the end, also of an answer that broke off: the error follows them."""
        return Finished(self.prompt_tokens, self.completion_tokens, self.ttft_s, total_s)

    def take(self, chunk: Any, elapsed_s: float) -> Iterator[Event]:
        """Events of one chunk, received `elapsed_s` after the request."""
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self.prompt_tokens = count(getattr(usage, "prompt_tokens", None), None)
            self._usage = count(getattr(usage, "completion_tokens", None), None)
        for choice in getattr(chunk, "choices", None) or []:
            index = getattr(choice, "index", 0) or 0
            if not isinstance(index, int) or not 0 <= index < len(self._samples):
                raise ValueError("a choice has an impossible index")
            text = _text(choice)
            if text:
                self._pieces += 1
                self.ttft_s = elapsed_s if self.ttft_s is None else self.ttft_s
            yield from self._samples[index].take(choice, text)

    def flush(self) -> Iterator[Event]:
        """Text held back for stop strings that will not come any more."""
        for sample in self._samples:
            yield from sample.flush()

    def end(self, model: EndpointModel, total_s: float, *, cancelled: bool) -> Iterator[Event]:
        """Finish what is open; an answer that just stopped coming is an error.

        Raises:
            EndpointError: no answer came at all, or fewer than asked for.
            StreamInterrupted: the stream ended in the middle of an answer.
        """
        name = f"The endpoint {model.endpoint.name}"
        missing = [sample for sample in self._samples if not sample.seen]
        open_ones = [sample for sample in self._samples if sample.seen and not sample.release.finished]
        if cancelled:
            for sample in [*open_ones, *missing]:
                yield from sample.end("cancelled")
        elif len(missing) == len(self._samples):
            raise EndpointError(f"{name} answered without any choices; try again, or look into the server's log.")
        yield from self.flush()
        yield self.finished(total_s)
        if open_ones and not cancelled:
            raise StreamInterrupted(f"{name} ended the stream in the middle of an answer. What had arrived is kept.")
        if missing and not cancelled:
            asked = len(self._samples)
            raise StreamInterrupted(
                f"{name} gave {asked - len(missing)} of {asked} answers; it seems not to know n: ask for one at a time."
            )


class _Sample:
    """One choice."""

    def __init__(self, number: int, request: GenerationRequest) -> None:
        self.seen = False
        self.release = Release(number)
        self._text = Text()
        self._stops = StopWatcher(request.params.stop)
        self._reported = Reported(number, request.top_logprobs)

    def take(self, choice: Any, text: str) -> Iterator[Event]:
        """Events of one part."""
        self.seen = True
        if self.release.finished:
            return
        for token in self._reported.tokens(getattr(choice, "logprobs", None)):
            self.release.add(token)
        yield from self.release.show(self._stops.push(self._text.push(text)))
        reason = getattr(choice, "finish_reason", None)
        if self._stops.stopped or reason:
            yield from self.end(REASONS.get(str(reason), "stop") if not self._stops.stopped else "stop")

    def end(self, reason: FinishReason) -> Iterator[Event]:
        """The last events."""
        yield from self.flush()
        yield from self.release.finish(reason, at_stop_string=self._stops.stopped)

    def flush(self) -> Iterator[Event]:
        """Text held back for what will not come any more: a stop string, the other half of a character."""
        if not self._stops.stopped:
            yield from self.release.show(self._stops.push(self._text.flush()))
        yield from self.release.show(self._stops.flush())


def _text(choice: Any) -> str:
    delta = getattr(choice, "delta", None)
    source = choice if delta is None else delta
    text = getattr(source, "text" if delta is None else "content", None) or getattr(source, "refusal", None) or ""
    if not isinstance(text, str):
        raise ValueError("the text of a choice is not text")
    return text
