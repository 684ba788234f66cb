"""Streaming HTTP that another thread can end at once, and that cannot grow without limit.

A blocked read ends neither by an event nor by closing the socket in another thread (Linux keeps the descriptor alive
until the read returns), so a `Wire` notes the sockets of its client and shuts them down. Knows nothing of what is read.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

POLL_S = 0.02
"""How often a waiting reader looks whether it is cancelled."""
QUEUED_ITEMS = 256
"""Items read ahead; beyond it the sender has to wait."""


class ReplyTooLarge(Exception):
    """A reply passed its limit in bytes, or came compressed, so that its size cannot be limited."""


class Wire:
    """Event hooks for one HTTP client: they note its sockets and limit its replies.

    Args:
        max_bytes: most bytes a reply's body may have; only the hooks watch over it.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self.max_bytes = max_bytes
        self._sockets: list[socket.socket] = []
        self._cut = False

    @property
    def hooks(self) -> dict[str, list[Callable[[Any], None]]]:
        """For the `event_hooks` of an `httpx2.Client`."""
        return {"request": [self._on_request], "response": [self._on_response]}

    def cut(self) -> None:
        """End every transfer now; whoever reads gets an error. Safe to call twice and from any thread."""
        self._cut = True
        for sock in self._sockets:
            with suppress(OSError):  # already closed by the other side
                sock.shutdown(socket.SHUT_RDWR)

    def _on_request(self, request: httpx2.Request) -> None:
        request.extensions = {**request.extensions, "trace": self.trace}

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """The `trace` extension of a request (httpcore calls it): notes the sockets that are opened for it."""
        if event.endswith(("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")):
            sock = info["return_value"].get_extra_info("socket")
            if sock is not None:
                self._sockets.append(sock)
                if self._cut:
                    self.cut()

    def _on_response(self, response: httpx2.Response) -> None:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise ReplyTooLarge(f"the reply is compressed ({encoding[:20]}) although plain text was asked for")
        if self.max_bytes is not None:
            response.stream = _limited(response.stream, self.max_bytes)


def _limited(stream: Any, max_bytes: int) -> Any:
    import httpx2

    class Limited(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            total = 0
            for chunk in stream:
                total += len(chunk)
                if total > max_bytes:
                    raise ReplyTooLarge(f"the reply is larger than {max_bytes // 2**20} MiB")
                yield chunk

        def close(self) -> None:
            stream.close()

    return Limited()


def interruptible(source: Iterable[T], cancel: threading.Event, cut: Callable[[], None]) -> Generator[T]:
    """Items of `source`, read in a thread of its own, until it ends or `cancel` is set.

    Returns within some 20 ms of `cancel` even while `source` is waiting. `cut` is called whenever the reader leaves
    early, to wake the thread.

    Raises:
        Exception: whatever `source` raised, after the items before it.
    """
    if cancel.is_set():
        return
    items: queue.Queue[tuple[str, Any]] = queue.Queue(maxsize=QUEUED_ITEMS)
    left = threading.Event()

    def put(kind: str, value: Any) -> bool:
        while not left.is_set():
            with suppress(queue.Full):
                items.put((kind, value), timeout=POLL_S)
                return True
        return False

    def read() -> None:
        try:
            for item in source:
                if not put("item", item):
                    return
        except Exception as error:  # handed to the reader, who raises it
            put("error", error)
        else:
            put("end", None)

    threading.Thread(target=read, name="loupe-wire", daemon=True).start()
    ended = False
    try:
        while not cancel.is_set():
            try:
                kind, value = items.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if kind == "item":
                yield value
                continue
            ended = True
            if kind == "error":
                raise value
            return
    finally:
        left.set()
        if not ended:
            cut()
