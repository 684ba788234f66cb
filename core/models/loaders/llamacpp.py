"""GGUF files through llama.cpp: its server runs in this process, behind a socket that only this user can open.

The socket is a Unix one in a private folder, so no port is open to other users or to web pages. The file is inspected
first, because llama.cpp ends the whole process on some malformed ones. Chat templates are rendered by
`core.models.chat` with its limits, never by llama.cpp. Knows nothing of sampling.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.errors import LoupeError, ModelLoadError, NotFound, OutOfMemory
from core.models import safety
from core.models.capabilities import SAMPLERS, Capabilities
from core.models.chat import ChatEncoder, child_template
from core.models.device import gib, give_back
from core.models.gguf_header import GgufHeader, read_header
from core.models.gguf_plan import Plan, plan_for
from core.models.loaded import Message
from core.models.reference import ModelRef
from core.models.wire import POLL_S, Wire, interruptible

if TYPE_CHECKING:
    import httpx2

NOT_OFFERED = {
    "sampled_probabilities": "llama.cpp reports probabilities before or after its samplers, not both.",
    "lens": "llama.cpp gives out the leading candidates of a step, not the logits of the whole vocabulary.",
    "batch": "Requests run one after another, so that the same seed gives the same answer whoever else is generating.",
    "beams": "llama.cpp's server has no beam search.",
    "min_tokens": "llama.cpp's server has no minimum length.",
    "presence_penalty": "llama.cpp also counts the prompt's tokens, which is another setting than OpenAI's.",
    "frequency_penalty": "llama.cpp also counts the prompt's tokens, which is another setting than OpenAI's.",
    "no_repeat_ngram_size": "llama.cpp has no such sampler.",
}
MAX_FOLDER_BYTES = 70
"""Systems limit a socket's whole path to about 100 bytes, and some make long temporary folders."""
NO_TEMPLATE = "The file comes without a chat template; use plain completion."


class LlamaCppModel:
    """A GGUF file in this process; satisfies `Loaded` and `Tokenizing`.

    Attributes:
        context_length: tokens that prompt and answer may have together.
    """

    backend: Literal["llamacpp"] = "llamacpp"

    def __init__(self, ref: str, path: Path, plan: Plan, header: GgufHeader) -> None:
        """Start the server and wait until it has loaded the weights.

        Raises:
            ModelLoadError: llama.cpp could not load the file.
        """
        import httpx2

        self.ref = ref
        self.closers: list[Callable[[], None]] = []
        self._folder = _private_folder()
        self._tidy = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)  # at exit at the latest
        try:
            self._server = _start(path, plan.context_length, self._folder / "llama.sock")
        except BaseException:
            self._tidy()
            raise
        self._http: httpx2.Client | None = httpx2.Client(
            transport=httpx2.HTTPTransport(
                uds=str(self._folder / "llama.sock"),
                # a kept connection may just be closed by the server, and a request must not be sent twice
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            ),
            base_url="http://llama.cpp",
            timeout=None,  # a long prefill is silent for minutes; whoever waits can cancel
        )
        self.context_length: int = plan.context_length
        self.memory_bytes = plan.memory_bytes
        self._turns = Turns()
        self._special = self._special_tokens()
        self._template = child_template(header.chat_template, self._special) if header.chat_template else None
        self.capabilities = _capabilities(chat=self._template is not None)
        self.piece = lru_cache(maxsize=100_000)(self._piece)

    def render_chat(self, messages: Sequence[Message]) -> str:
        """See `Tokenizing.render_chat`."""
        return ChatEncoder(_Tokenizer(self, ()), self._template).render(messages)

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """See `Tokenizing.encode_chat`."""
        special = self._special_in(self.render_chat(messages))
        return ChatEncoder(_Tokenizer(self, special), self._template).encode_chat(messages)

    def encode_text(self, text: str) -> list[int]:
        """See `Tokenizing.encode_text`."""
        return self.tokenize(text, add_special=True, parse_special=True)

    def decode(self, ids: Sequence[int]) -> str:
        """See `Tokenizing.decode`."""
        return str(self._call("/detokenize", tokens=[each for each in ids if not self.piece(each)[1]])["content"])

    def tokenize(self, text: str, *, add_special: bool = False, parse_special: bool = False) -> list[int]:
        """Token ids of `text`; with `parse_special`, names of special tokens in it become these tokens."""
        answer = self._call("/tokenize", content=text, add_special=add_special, parse_special=parse_special)
        return [int(token) for token in answer["tokens"]]

    def _piece(self, token_id: int) -> tuple[str, bool]:
        """The text of one token, a special one by name, and whether it is special."""
        text = str(self._call("/detokenize", tokens=[token_id])["content"])
        special = bool(text) and self.tokenize(text, parse_special=True) == [token_id] != self.tokenize(text)
        return text, special

    def turn(self, cancel: threading.Event) -> AbstractContextManager[bool]:
        """Wait until llama.cpp is free and keep it; false when cancelled meanwhile.

        One request at a time: in a batch of another size llama.cpp's sums round differently, and the same seed would
        not give the same answer while somebody else happens to be generating (seen with SmolLM2 and four slots).
        """
        return self._turns.take(cancel)

    def complete(self, body: dict[str, Any], cancel: threading.Event) -> Generator[dict[str, Any]]:
        """Chunks of a streamed `/completion`, until it ends or `cancel` is set.

        Raises:
            LoupeError: llama.cpp refused the request or stopped.
        """
        wire = Wire()
        return interruptible(self._chunks(body, wire), cancel, wire.cut)

    def close(self) -> None:
        """Run the closers, stop the server and give the memory back. Safe to call twice."""
        closers, self.closers = self.closers, []
        for closer in closers:
            closer()
        if self._http is not None:
            self._http.close()
            self._http = None
            if self._template is not None:
                self._template.close()
            del self._server  # its destructor ends llama.cpp's threads and frees the weights
            self._tidy()
            give_back()

    def _chunks(self, body: dict[str, Any], wire: Wire) -> Iterator[dict[str, Any]]:
        call = self._client.stream("POST", "/completion", json=body, extensions={"trace": wire.trace})
        with _explained(self.ref), call as reply:
            if reply.status_code != 200:
                raise _refusal(self.ref, json.loads(reply.read()))
            for line in _lines(reply.iter_bytes()):
                if line.startswith(b"data: "):
                    chunk = json.loads(line.removeprefix(b"data: "))
                    if "error" in chunk:
                        raise _refusal(self.ref, chunk)
                    yield chunk

    def _call(self, path: str, **body: Any) -> dict[str, Any]:
        with _explained(self.ref):
            reply = self._client.post(path, json=body)
            answer: dict[str, Any] = reply.json()
        if reply.status_code != 200:
            raise _refusal(self.ref, answer)
        return answer

    @property
    def _client(self) -> httpx2.Client:
        if self._http is None:
            raise LoupeError(f"{self.ref} has been unloaded; load it again.")
        return self._http

    def _special_tokens(self) -> dict[str, str]:
        """What templates call `bos_token` and `eos_token`."""
        with _explained(self.ref):
            props = self._client.get("/props").json()
        return {name: str(props.get(name) or "") for name in ("bos_token", "eos_token")}

    def _special_in(self, text: str) -> list[str]:
        """Names of special tokens that `text` holds, whoever wrote them."""
        candidates = set(self.tokenize(text, parse_special=True)) - set(self.tokenize(text))
        pieces = [self.piece(candidate) for candidate in sorted(candidates)]
        return [text for text, special in pieces if special]


class _Tokenizer:
    """The little of a transformers tokenizer that `ChatEncoder` uses, spoken by llama.cpp."""

    def __init__(self, model: LlamaCppModel, special: Sequence[str]) -> None:
        self._model = model
        self.all_special_tokens = list(special)
        self.added_tokens_decoder: dict[int, Any] = {}

    def __call__(self, text: str, *, add_special_tokens: bool, split_special_tokens: bool) -> dict[str, list[int]]:
        ids = self._model.tokenize(text, add_special=add_special_tokens, parse_special=not split_special_tokens)
        return {"input_ids": ids}


class Turns:
    """A lock that is given first come first served, and that whoever waits for can give up."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[object] = []

    @contextlib.contextmanager
    def take(self, cancel: threading.Event) -> Iterator[bool]:
        """Hold the lock; yields false, without it, when `cancel` is set while waiting."""
        ticket = object()
        try:
            with self._changed:
                self._queue.append(ticket)
                while self._queue[0] is not ticket and not cancel.is_set():
                    self._changed.wait(POLL_S)
            yield not cancel.is_set()
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()


def load(ref: ModelRef) -> LlamaCppModel:
    """Load the file of a `gguf:` reference.

    Raises:
        UnsafeModel: it is not a GGUF file, or one that lies about itself.
        OutOfMemory: it does not fit; both numbers are named.
        ModelLoadError: llama.cpp could not load it.
    """
    import psutil

    path = _path(ref)
    header = safety.inspect_gguf(path)
    plan = plan_for(path, header)
    free = int(psutil.virtual_memory().available)
    if plan.memory_bytes > free:
        raise OutOfMemory(
            f"{path.name} needs {gib(plan.memory_bytes)} for weights and cache and {gib(free)} are free; unload a "
            "model or choose a smaller one."
        )
    return LlamaCppModel(str(ref), path, plan, header)


def estimate(ref: ModelRef) -> int:
    """Bytes the file of `ref` will hold once loaded."""
    path = _path(ref)
    return plan_for(path, read_header(path)).memory_bytes


def capabilities_of(ref: ModelRef) -> Capabilities:
    """What llama.cpp offers for the file of `ref`."""
    return _capabilities(chat=read_header(_path(ref)).chat_template is not None)


def _capabilities(*, chat: bool) -> Capabilities:
    return Capabilities(
        chat=chat,
        completion=True,
        token_probabilities=True,
        sampled_probabilities=False,
        lens=False,
        fork=True,
        batch=False,
        seed=True,
        beams=False,
        samplers=frozenset(SAMPLERS) - frozenset(NOT_OFFERED),
        why_not=NOT_OFFERED | ({} if chat else {"chat": NO_TEMPLATE}),
    )


def _path(ref: ModelRef) -> Path:
    if ref.path is None or not ref.path.is_file():
        raise NotFound(f"There is no GGUF file at {ref.path}; it was moved or deleted.")
    return ref.path


def _start(path: Path, context_length: int, sock: Path) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context_length
    params.n_parallel = 1
    params.hostnames = [str(sock)]
    params.verbosity = -1  # nothing on stdout or stderr: those belong to whoever started Loupe
    params.warmup = False
    params.ui = False
    params.endpoint_slots = False
    params.cache_ram_mib = 0  # finished prompts are not kept
    params.use_jinja, params.chat_template = False, "chatml"  # the file's own template is a program; it is not run here
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, ValueError):
        raise ModelLoadError(
            f"llama.cpp cannot load {path.name}: the file is incomplete, or of an architecture it does not know."
        ) from None


def _private_folder() -> Path:
    """A new folder that only this user can enter, with a path short enough for a socket in it."""
    long = len(os.fsencode(tempfile.gettempdir())) > MAX_FOLDER_BYTES
    return Path(tempfile.mkdtemp(prefix="loupe-", dir="/tmp" if long else None))


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines ended by a line feed and nothing else: a text may hold U+2028, which the client's own splitting cuts at."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _refusal(ref: str, answer: dict[str, Any]) -> LoupeError:
    error = answer.get("error")
    message = str(error.get("message", error) if isinstance(error, dict) else error)
    return LoupeError(f"llama.cpp refused the request to {ref}: {' '.join(message.split())[:300]}")


@contextlib.contextmanager
def _explained(ref: str) -> Iterator[None]:
    import httpx2

    try:
        yield
    except httpx2.TransportError as error:
        raise LoupeError(f"llama.cpp stopped answering for {ref} ({type(error).__name__}); load it again.") from None
